"""The Genericode reader: odd but valid files are read, broken ones are refused with a reason."""

from pathlib import Path

import pytest

from schemas.genericode import CodeListError, read_code_list

HEAD = """<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/"
  xmlns:m="http://xoev.de/schemata/genericode/META">
<Annotation><Description><m:nameKurz>x</m:nameKurz></Description></Annotation>
<Identification><ShortName>x</ShortName><Version>7</Version><CanonicalUri>urn:example:x</CanonicalUri>
<CanonicalVersionUri>urn:example:x_7</CanonicalVersionUri></Identification>
"""
COLUMNS = """<ColumnSet>
<Column Id="Wert" Use="required"><ShortName>w</ShortName></Column>
<Column Id="Schlüssel" Use="required"><ShortName>s</ShortName></Column>
<Key Id="andere"><ColumnRef Ref="Wert"/></Key>
<Key Id="k">
<Annotation><AppInfo><m:empfohleneCodeSpalte/></AppInfo></Annotation><ColumnRef Ref="Schlüssel"/></Key>
</ColumnSet>
"""
ROWS = """<SimpleCodeList>
<Row><Value ColumnRef="Wert"><SimpleValue>eins  {0} </SimpleValue></Value>
<Value ColumnRef="Schlüssel"><SimpleValue> 01 </SimpleValue></Value></Row>
<Row><Value ColumnRef="Schlüssel"><SimpleValue>02</SimpleValue></Value></Row>
<Row><Value><SimpleValue>drei</SimpleValue></Value><Value><SimpleValue>03</SimpleValue></Value></Row>
</SimpleCodeList></gc:CodeList>
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "list.xml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("meta", ["1_0", "2", "3", "4"])
def test_reads_through_the_recommended_key(meta: str, tmp_path: Path) -> None:
    codes = read_code_list(_file(tmp_path, HEAD.replace("META", meta) + COLUMNS + ROWS))
    assert (codes.uri, codes.version) == ("urn:example:x", "7")
    assert codes.codes == {"01": "eins {0}", "02": "", "03": "drei"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<a/>", "not a Genericode"),
        ("<a>", "list.xml"),
        (HEAD + "</gc:CodeList>", "is missing"),
        (HEAD + "<ColumnSet/>" + ROWS, "no Key"),
        (HEAD + COLUMNS.replace('Ref="Schlüssel"', 'Other="x"') + ROWS, "exactly one column"),
        (HEAD + COLUMNS + ROWS.replace(" 01 ", " "), "no value in its key column"),
        (HEAD.replace("<Version>7</Version>", "") + COLUMNS + ROWS, "is missing"),
    ],
)
def test_unusable_files_are_refused(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(CodeListError, match=reason):
        read_code_list(_file(tmp_path, text))


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodeListError):
        read_code_list(tmp_path / "none.xml")


def test_entities_are_not_read_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("01", encoding="utf-8")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    rows = ROWS.replace(" 01 ", "&e;")
    with pytest.raises(CodeListError, match="no value"):
        read_code_list(_file(tmp_path, doctype + HEAD + COLUMNS + rows))
