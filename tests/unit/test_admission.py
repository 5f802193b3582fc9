"""Admission: the caps at their edges, what passes unharmed, and what every refusal says."""

import hashlib
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import gateway.trust.admission as admission
from gateway.trust.admission import Admitted, Limits, admit
from messages.errors import GatewayError

SMALL = Limits(
    max_bytes=4096,
    max_depth=5,
    max_attributes=4,
    max_siblings=6,
    max_elements=20,
    max_namespaces=4,
    max_text=100,
)


def code_of(raw: bytes, limits: Limits = SMALL) -> str | None:
    try:
        admit(raw, limits)
    except GatewayError as error:
        return error.code
    return None


def attributes(count: int) -> bytes:
    return b"<a" + b"".join(b' b%d="="' % i for i in range(count)) + b">====== a=b c=d</a>"


def declarations(count: int) -> bytes:
    return b"<a" + b"".join(b" xmlns:b%d='u'" % i for i in range(count)) + b"/>"


def scopes(count: int) -> bytes:
    opened = b"".join(b'<a xmlns:p%d="u">' % i for i in range(count))
    return b'<r><s xmlns:q="u"/><s xmlns:q="u"/><s xmlns:q="u"/>' + opened + b"</a>" * count + b"</r>"


@pytest.mark.parametrize(
    "recipe, limit, code",
    [
        (lambda n: b"<a>" + b" " * (n - 7) + b"</a>", 4096, "T099.too-large"),
        (lambda n: b"<a>" * n + b"</a>" * n, 5, "T099.too-deep"),
        (attributes, 4, "T099.too-many-attributes"),
        (declarations, 4, "T099.too-many-attributes"),
        (lambda n: b"<a>" + b"<b/>" * n + b"</a>", 6, "T099.too-many-siblings"),
        (lambda n: b"<a>" + b"<!-- -->" * (n - 1) + b"</a>", 20, "T099.too-many-elements"),
        (lambda n: b"<a>" + b"<?x?>" * (n - 1) + b"</a>", 20, "T099.too-many-elements"),
        (lambda n: b"<a>" + b"x" * n + b"</a>", 100, "T099.too-long"),
        (lambda n: b"<a>" + b"x" * (n - 2) + b"<![CDATA[yy]]></a>", 100, "T099.too-long"),
        (lambda n: b'<a b="' + b"x" * n + b'"/>', 100, "T099.too-long"),
    ],
)
def test_a_cap_admits_its_own_value_and_refuses_one_more(
    recipe: Callable[[int], bytes], limit: int, code: str
) -> None:
    roomy = Limits(**{**_caps(SMALL), **({"max_text": 8192} if code == "T099.too-large" else {})})
    assert code_of(recipe(limit), roomy) is None
    assert code_of(recipe(limit + 1), roomy) == code


def test_namespaces_are_counted_in_scope_not_in_all() -> None:
    limits = Limits(**{**_caps(SMALL), "max_depth": 10})
    assert code_of(scopes(4), limits) is None
    assert code_of(scopes(5), limits) == "T099.too-many-namespaces"


def test_the_depth_of_the_parser_is_reported_as_depth() -> None:
    deep = b"<a>" * 300 + b"</a>" * 300
    assert code_of(deep, Limits(max_depth=200)) == "T099.too-deep"


def test_limits_must_make_sense() -> None:
    with pytest.raises(ValueError, match="max_depth"):
        Limits(max_depth=256)
    with pytest.raises(ValueError, match="max_bytes"):
        Limits(max_bytes=0)


@pytest.mark.parametrize(
    "raw, code",
    [
        (b"", "T099.empty"),
        (b" \r\n\t", "T099.empty"),
        (b"no xml", "X000"),
        (b"<a>", "X000"),
        (b"<a></b>", "X000"),
        (b"<a/><b/>", "X000"),
        (b" <?xml version='1.0'?><a/>", "X000"),
        (b"<?xml encoding='utf-8'?><a/>", "X000"),
        (b"<?xml version='1.0' encoding='utf-8' encoding='utf-16'?><a/>", "X000"),
        (b"<x:a/>", "X000.namespace"),
        (b"<a b='1' b='2'/>", "X000"),
        (b"<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", "X000"),
        (b"<!-- <a/>", "X000"),
        (b"<!--><!DOCTYPE a><a/>", "X000"),
        (b"<?x <a/>", "X000"),
    ],
)
def test_what_is_no_xml_is_called_so(raw: bytes, code: str) -> None:
    assert code_of(raw) == code


@pytest.mark.parametrize(
    "raw, text",
    [
        ("<a>ä</a>".encode(), "ä"),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?><a>\xc3\xa4</a>", "ä"),
        (
            b'<?xml version = "1.0"\n encoding="utf-8" standalone="yes" ?>\n<!-- x --><?y?><a>z</a><!--x-->',
            "z",
        ),
        (b"<?xml version='1.0' encoding='us-ascii'?><a>&#228;</a>", "ä"),
        (b"<a><![CDATA[<!DOCTYPE a>]]></a>", "<!DOCTYPE a>"),
        (b"<a>&lt;&amp;&gt;&quot;&apos;</a>", "<&>\"'"),
        (b"<?xml-stylesheet href='x'?><a>z</a>", "z"),
        (b"<a>http://www.w3.org/2001/XInclude</a>", "http://www.w3.org/2001/XInclude"),
    ],
)
def test_plain_xml_passes_unharmed(raw: bytes, text: str) -> None:
    assert admit(raw, SMALL).root.text == text


def test_an_admitted_message_carries_digest_and_size_of_what_was_received() -> None:
    raw = b"\xef\xbb\xbf<a/>\n"
    admitted = admit(raw, SMALL)
    assert isinstance(admitted, Admitted)
    assert (admitted.sha256, admitted.size) == (hashlib.sha256(raw).digest(), len(raw))


def test_comments_and_instructions_stay_for_the_proof_to_refuse() -> None:
    root = admit(b"<a>x<!--c-->y<?p q?>z</a>", SMALL).root
    assert [type(node) for node in root] == [etree._Comment, etree._ProcessingInstruction]


def test_errors_name_the_line() -> None:
    with pytest.raises(GatewayError) as refused:
        admit(b"<a>\n<b>\n</a>", SMALL)
    assert refused.value.line == 3
    with pytest.raises(GatewayError) as refused:
        admit(b"<a>\n\n\xff</a>", SMALL)
    assert (refused.value.code, refused.value.line) == ("S001", 3)
    with pytest.raises(GatewayError) as refused:
        admit(b"<!-- \n -->\n<!DOCTYPE a><a/>", SMALL)
    assert refused.value.line == 3


def test_a_slip_in_the_walk_over_the_prolog_does_not_let_a_document_type_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "_refuse_document_type", lambda body: None)
    assert code_of(b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>") == "X001.doctype"


def test_threads_admit_at_the_same_time() -> None:
    results: list[bytes] = []

    def work(number: int) -> None:
        body = b"<a>" + b"<b>%d</b>" % number * 5 + b"</a>"
        for _ in range(200):
            results.append(etree.tostring(admit(body, SMALL).root))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(results)) == [b"<a>" + b"<b>%d</b>" % n * 5 + b"</a>" for n in range(4)]
    assert {results.count(document) for document in set(results)} == {200}


_PIECES = st.sampled_from(
    [
        b"<a>", b"</a>", b"<a/>", b"<b c='d'>", b"</b>", b"text", b"&amp;", b"&x;", b"<!-- c -->", b"<!-->",
        b"<!--", b"-->", b"<?p ?>", b"<?p", b"?>", b"<!DOCTYPE a>", b"<!DOCTYPE a [<!ENTITY x 'y'>]>",
        b"<![CDATA[", b"]]>", b"<?xml version='1.0'?>", b"\xef\xbb\xbf", b" ", b"\n", b"\x00", b"\xff", b"=",
        b"'", b'"', b">", b"<", b"<x:a xmlns:x='urn:u'/>",
    ]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=14).map(b"".join))
def test_whatever_comes_is_refused_by_code_or_parsed_as_the_bare_parser_does(raw: bytes) -> None:
    try:
        root = admit(raw, SMALL).root
    except GatewayError:
        return
    assert root.getroottree().docinfo.internalDTD is None
    bare = etree.fromstring(raw.removeprefix(b"\xef\xbb\xbf"))
    assert etree.tostring(root, method="c14n") == etree.tostring(bare, method="c14n")


def _caps(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in Limits.__slots__}
