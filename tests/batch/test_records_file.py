"""The first pass over a file of records: what is refused, where records begin, and what it costs."""

import hashlib
import io
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.batch.records_file import RECORD, ROOT, RecordsFile, RecordsLimits
from gateway.trust.admission import Limits, admit
from messages.errors import CATALOGUE, GatewayError
from messages.namespaces import BVA
from tests.support.processes import children

RECORD_NAME: Final = etree.QName(RECORD).localname
ROOT_NAME: Final = etree.QName(ROOT).localname
OPEN: Final = f'<b:{ROOT_NAME} xmlns:b="{BVA}">'.encode()
CLOSE: Final = f"</b:{ROOT_NAME}>".encode()


def record(content: str = "") -> bytes:
    return f"<b:{RECORD_NAME}>{content}</b:{RECORD_NAME}>".encode()


def survey(octets: bytes, **caps: int) -> RecordsFile:
    return RecordsFile.survey(io.BytesIO(octets), RecordsLimits(**caps))


def refused(octets: bytes, **caps: int) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        survey(octets, **caps)
    assert caught.value.code in CATALOGUE
    return caught.value


def records_of(octets: bytes, **caps: int) -> list[bytes]:
    with survey(octets, **caps) as found:
        return [each for piece in found.pieces(50) for each in piece.records]


def canonical(octets: bytes | etree._Element) -> bytes:
    element = octets if isinstance(octets, etree._Element) else admit(octets, Limits()).root
    return etree.tostring(element, method="c14n", exclusive=True)


def test_a_file_is_measured_and_cut_into_pieces() -> None:
    octets = (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n'
        + OPEN
        + b"\n".join(record(f"<b:zeichen>Fall {number}</b:zeichen>") for number in range(7))
        + b"\r\n"
        + CLOSE
        + b"\n"
    )
    with survey(octets) as found:
        assert (found.found.size, found.found.count) == (len(octets), 7)
        assert found.found.sha256 == hashlib.sha256(octets).digest()
        assert [(piece.first, len(piece.records)) for piece in found.pieces(3)] == [(1, 3), (4, 3), (7, 1)]
        assert [piece.first for piece in found.pieces(3, first_piece=1)] == [4, 7]
        assert [piece.first for piece in found.pieces(3, first_piece=3)] == []
        texts = [admit(each, Limits()).root[0].text for piece in found.pieces(3) for each in piece.records]
    assert texts == [f"Fall {number}" for number in range(7)]


@pytest.mark.parametrize(
    "octets",
    [
        OPEN + record() + record("<b:a>&amp;&#xE4;&lt;</b:a>") + CLOSE,
        f'<{ROOT_NAME} xmlns="{BVA}" xmlns:x="urn:a&amp;b">'
        f'<{RECORD_NAME}><a x:b=">&gt;"/></{RECORD_NAME} ></{ROOT_NAME}>'.encode(),
        f"<r:{ROOT_NAME} xmlns:r='{BVA}' xmlns:x='urn:outer'><{RECORD_NAME} xmlns='{BVA}' "
        f"xmlns:x = 'urn:inner' y='>'><x:a/></{RECORD_NAME}><r:{RECORD_NAME}\n/></r:{ROOT_NAME}>".encode(),
        f'<{ROOT_NAME} xmlns="{BVA}"><b:{RECORD_NAME} xmlns:b="{BVA}" xmlns=""><a/></b:{RECORD_NAME}>'
        f"</{ROOT_NAME}>".encode(),
        OPEN
        + record(f"<b:{RECORD_NAME}><![CDATA[</b:{RECORD_NAME}>]]></b:{RECORD_NAME}>")
        + b"&#32;"
        + CLOSE,
        f'<b:{ROOT_NAME} xmlns:b="{BVA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{BVA} http://127.0.0.1:9/nowhere.xsd"><b:{RECORD_NAME}/></b:{ROOT_NAME}>'.encode(),
    ],
    ids=["plain", "default namespace", "own declarations", "undeclared", "CDATA and nesting", "location"],
)
def test_every_record_is_a_document_with_the_same_meaning(octets: bytes) -> None:
    expected = [canonical(child) for child in etree.fromstring(octets)]
    assert [canonical(each) for each in records_of(octets)] == expected


DOCTYPE = b'<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
REFUSED = {
    "doctype": (DOCTYPE + OPEN + record("&b;") + CLOSE, "X001.doctype", 1),
    "entity": (OPEN + b"\n" + record("&nbsp;") + CLOSE, "X001.entity", 2),
    "comment in a record": (OPEN + b"\n\n" + record("<!-- -->") + CLOSE, "X001.comment", 3),
    "comment behind the root": (OPEN + record() + CLOSE + b"<!-- -->", "X001.comment", 1),
    "instruction": (OPEN + record("<?x y?>") + CLOSE, "X001.processing-instruction", 1),
    "instruction before": (b"<?x y?>" + OPEN + record() + CLOSE, "X001.processing-instruction", 1),
    "UTF-16": ((OPEN + record() + CLOSE).decode().encode("utf-16"), "S001", None),
    "UTF-16 without mark": ((OPEN + record() + CLOSE).decode().encode("utf-16-le"), "S001", None),
    "another encoding": (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + OPEN + CLOSE, "S001", 1),
    "not UTF-8": (OPEN + record("M\xfcller").decode().encode("latin-1") + CLOSE, "S001", 1),
    "not ASCII as declared": (
        b'<?xml version="1.0" encoding="us-ascii"?>' + OPEN + record("ü") + CLOSE,
        "S001",
        1,
    ),
    "XML 1.1": (b'<?xml version="1.1"?>' + OPEN + CLOSE, "X000.xml-version", 1),
    "control character": (OPEN + record("&#1;") + CLOSE, "X000.illegal-character", 1),
    "no prefix": (OPEN + record("<x:a/>") + CLOSE, "X000.namespace", 1),
    "cut off": (OPEN + record() + b"\n" + record()[:-3], "X000", 2),
    "broken at the end": (OPEN + record() * 1000 + b"\n</b:other>", "X000", 2),
    "more behind the root": (OPEN + record() + CLOSE + b"\nx", "X000", 2),
    "two roots": (OPEN + CLOSE + OPEN + CLOSE, "X000", 1),
    "another root": (b"<other/>", "X001.unknown-root", 1),
    "root of another namespace": (OPEN.replace(b":bva:1", b":bva:2") + CLOSE, "X001.unknown-root", 1),
    "something else": (OPEN + b"<b:other/>" + CLOSE, "X001", 1),
    "text": (OPEN + record() + b"Mustermann" + CLOSE, "X001", 1),
    "CDATA": (OPEN + record() + b"<![CDATA[ ]]>" + CLOSE, "X001", 1),
    "attribute of the root": (OPEN[:-1] + b' test="1">' + record() + CLOSE, "X001", 1),
    "nothing": (b"", "T099.delivery-parts", None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_plain_file_of_records_is_refused_whole(case: str) -> None:
    octets, code, line = REFUSED[case]
    error = refused(octets)
    assert (error.code, error.line) == (code, line)
    assert "Mustermann" not in f"{error} {error.text_de} {error.text_en} {error.details}"


def test_caps_hold_exactly() -> None:
    three = OPEN + record() * 3 + CLOSE
    longest = len(record())
    caps = {"max_bytes": len(three), "max_records": 3, "max_record_bytes": longest, "max_namespaces": 1}
    assert len(records_of(three, **caps, max_namespace=len(BVA))) == 3
    assert refused(three, max_bytes=len(three) - 1).code == "T099.delivery-too-large"
    assert refused(three, max_records=2).code == "T099.too-many-records"
    assert refused(three, max_record_bytes=longest - 1).code == "T099.record-too-large"
    assert refused(three, max_namespaces=1, max_namespace=len(BVA) - 1).code == "T099.too-long"
    assert (
        refused(OPEN[:-1] + b' xmlns:c="urn:c">' + CLOSE, max_namespaces=1).code == "T099.too-many-namespaces"
    )


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=300), max_size=8)
)
def test_places_are_right_wherever_blocks_end(texts: list[str]) -> None:
    records = []
    for text in texts:
        element = etree.Element(RECORD, nsmap={"b": BVA})
        try:
            element.text = text * 400
        except ValueError:  # not a character of XML
            element.text = "-"
        records.append(etree.tostring(element, encoding="utf-8"))
    found = records_of(OPEN + b" ".join(records) + CLOSE, max_record_bytes=1 << 24)
    assert [canonical(each) for each in found] == list(map(canonical, records))


# What could make it work or remember without bound, as files: an attack may be larger than memory.

TINY: Final = 10**6
MOST: Final = 10**5
"""Records: the cap of the contract is ten times as many, and takes ten times as long to reach."""


def huge_record() -> Iterator[bytes]:
    yield from (OPEN, f"<b:{RECORD_NAME}><b:a>".encode(), *repeat(b"x" * 65536, 1600))


def huge_attribute() -> Iterator[bytes]:
    yield from (OPEN, f'<b:{RECORD_NAME} a="'.encode(), *repeat(b"x" * 65536, 1600))


def huge_name() -> Iterator[bytes]:
    yield from (b"<b:", *repeat(b"x" * 65536, 1600))


def deep() -> Iterator[bytes]:
    yield from (OPEN, f"<b:{RECORD_NAME}>".encode(), *repeat(b"<b:a>" * 8192, 400))


def tiny_elements() -> Iterator[bytes]:
    yield from (OPEN, f"<b:{RECORD_NAME}>".encode(), *repeat(b"<b:a/>" * 1000, TINY // 1000))
    yield from (f"</b:{RECORD_NAME}>".encode(), CLOSE)


def tiny_records() -> Iterator[bytes]:
    yield from (OPEN, *repeat(f"<b:{RECORD_NAME}/>".encode() * 1000, TINY // 1000), CLOSE)


def many_attributes() -> Iterator[bytes]:
    attributes = "".join(f" a{number}=''" for number in range(60_000))
    yield from (OPEN, f"<b:{RECORD_NAME}{attributes}/>".encode(), CLOSE)


def many_namespaces() -> Iterator[bytes]:
    declared = "".join(f" xmlns:n{number}='urn:{number}'" for number in range(10_000))
    yield from (OPEN[:-1], declared.encode(), b">", record(), CLOSE)


def each_other(content: str) -> Iterator[bytes]:
    """Records that name what no other does."""
    octets = b"".join(record(content.replace("N", f"{number:x}")) for number in range(20_000))
    yield from (OPEN, octets, CLOSE)


def every_pair() -> Iterator[bytes]:
    """Few names and few prefixes, but each with each: Expat keeps them as they are written."""
    declared = "".join(f" xmlns:p{number}='u'" for number in range(200))
    yield OPEN
    for name in range(400):
        tags = "".join(f"<p{prefix}:n{name}/>" for prefix in range(200))
        yield record(f"<b:a{declared}>{tags}</b:a>")
    yield CLOSE


def laughs() -> Iterator[bytes]:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    yield from (f'<!DOCTYPE b [<!ENTITY l0 "ha">{levels}]>'.encode(), OPEN, record("&l9;"), CLOSE)


ATTACKS: Final[dict[str, tuple[Callable[[], Iterator[bytes]], str]]] = {
    "huge record": (huge_record, "T099.record-too-large"),
    "huge attribute": (huge_attribute, "T099.record-too-large"),
    "huge name": (huge_name, "T099.record-too-large"),
    "deep": (deep, "T099.record-too-large"),
    "tiny elements": (tiny_elements, "T099.record-too-large"),
    "tiny records": (tiny_records, "T099.too-many-records"),
    "many attributes": (many_attributes, "T099.record-too-large"),
    "many namespaces": (many_namespaces, "T099.too-many-namespaces"),
    "elements": (lambda: each_other("<aN/>"), "T099.too-many-names"),
    "attributes": (lambda: each_other("<b:a aN=''/>"), "T099.too-many-names"),
    "prefixes": (lambda: each_other("<pN:a xmlns:pN='u'/>"), "T099.too-many-names"),
    "prefixes nobody uses": (lambda: each_other("<b:a xmlns:pN='u'/>"), "T099.too-many-names"),
    "every pair": (every_pair, "T099.too-many-names"),
    "laughs": (laughs, "X001.doctype"),
}


def written(path: Path, pieces: Iterator[bytes]) -> Path:
    with path.open("wb") as file:
        file.writelines(pieces)
    return path


def test_attacks_are_refused_within_bounds(tmp_path: Path) -> None:
    paths = [written(tmp_path / name, attack()) for name, (attack, _) in ATTACKS.items()]
    with children("tests.batch.survey_child.main", [[list(map(str, paths)), MOST]]) as (child,):
        heard = [child.hear() for _ in paths]
        assert child.end() == 0
    assert {each["file"]: each["outcome"] for each in heard} == {
        name: code for name, (_, code) in ATTACKS.items()
    }


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def pieces(count: int) -> Iterator[bytes]:
        yield from (OPEN, *repeat(record("<b:a>text</b:a>" * 60) + b"\n", count), CLOSE)

    sizes = (2_000, 20_000)
    paths = [str(written(tmp_path / str(size), pieces(size))) for size in sizes]
    with children("tests.batch.survey_child.main", [[[path], MOST] for path in paths]) as started:
        heard = [child.hear() for child in started]
    assert [each["outcome"] for each in heard] == list(sizes)
    small, large = (each["kibibytes"] for each in heard)
    assert large < small + 2048
