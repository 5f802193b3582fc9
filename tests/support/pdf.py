"""Reading PDF files with programs that did not make them: poppler for text and pictures, pypdf for tags."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import zxingcpp

from tests.support.tools import find_tool

DOTS_PER_INCH = 200


def text_of(pdf: bytes, page: int | None = None) -> str:
    """The text of a file or of one page, as somebody copies it, in the order in which it is read."""
    pages = () if page is None else ("-f", str(page), "-l", str(page))
    return _poppler("pdftotext", pdf, "-raw", *pages, "-", "-").decode("utf-8")


def letters_of(text: str) -> str:
    """A text without blanks and line breaks."""
    return "".join(text.split())


def barcodes_of(pdf: bytes, folder: Path) -> list[str]:
    """What a scanner reads from the picture of the first page."""
    (folder / "page.pdf").write_bytes(pdf)
    _poppler(
        "pdftoppm",
        b"",
        *("-r", str(DOTS_PER_INCH), "-gray", "-f", "1", "-l", "1", "-singlefile"),
        str(folder / "page.pdf"),
        str(folder / "page"),
    )
    kind, size, _, pixels = (folder / "page.pgm").read_bytes().split(b"\n", 3)
    assert kind == b"P5"
    width, height = map(int, size.split())
    picture = memoryview(pixels).cast("B", shape=[height, width])
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def opened(pdf: bytes, folder: Path) -> pypdf.PdfReader:
    """The file as pypdf reads it."""
    path = folder / "read.pdf"
    path.write_bytes(pdf)
    return pypdf.PdfReader(path, strict=True)


def tags_of(reader: pypdf.PdfReader) -> Iterator[tuple[str, Any]]:
    """Every element of the structure, in reading order: its kind and its dictionary."""

    def walk(node: Any) -> Iterator[tuple[str, Any]]:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                yield from walk(child)
        elif isinstance(node, dict):
            if "/S" in node:
                yield str(node["/S"]).removeprefix("/"), node
            if "/K" in node:
                yield from walk(node["/K"])

    root: Any = reader.root_object
    return walk(root["/StructTreeRoot"]["/K"])


def _poppler(command: str, data: bytes, *arguments: str) -> bytes:
    done = subprocess.run([find_tool(command), *arguments], input=data, capture_output=True, check=True)
    return done.stdout
