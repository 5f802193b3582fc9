"""Archives as they come: whatever is wrong with one is told in words, never as a failure of the module."""

import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.connecting.given import GivenFileError, read_given

CONTENT = b"<a>" + bytes(range(48, 123)) * 20 + b"</a>"
# Of a local header and of an entry of the directory: where flags and method are, and how long each is.
LOCAL, CENTRAL = (b"PK\x03\x04", 6), (b"PK\x01\x02", 8)


def made(method: int, name: str = "a.xml") -> bytearray:
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    file = Path("made.zip")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, CONTENT)
    return bytearray(file.read_bytes())


def with_field(octets: bytearray, more: int, value: int) -> bytearray:
    """Set a field of two bytes, some bytes after the flags, in both headers."""
    for signature, flags in (LOCAL, CENTRAL):
        struct.pack_into("<H", octets, octets.index(signature) + flags + more, value)
    return octets


def encrypted() -> bytearray:
    return with_field(made(zipfile.ZIP_DEFLATED), 0, 0x1)


def unknown_method() -> bytearray:
    return with_field(made(zipfile.ZIP_DEFLATED), 2, 9)


def damaged(method: int) -> bytearray:
    octets = made(method)
    begin = 30 + len("a.xml") + (12 if method == zipfile.ZIP_LZMA else 0)
    octets[begin : begin + 20] = b"\xff" * 20
    return octets


def ends_early() -> bytearray:
    octets = made(zipfile.ZIP_STORED)
    # It says to be longer than what is left of the archive.
    for signature, sizes in ((LOCAL[0], 18), (CENTRAL[0], 20)):
        struct.pack_into("<II", octets, octets.index(signature) + sizes, 1 << 20, 1 << 20)
    return octets


def no_name() -> bytearray:
    octets = made(zipfile.ZIP_STORED, "ä.xml")
    return octets.replace("ä".encode(), b"\xc3\xff")


def beyond_every_file() -> bytearray:
    name, extra = b"a.xml", struct.pack("<HHQ", 1, 8, 1 << 63)
    crc = zlib.crc32(CONTENT)
    head = struct.pack("<HHHHHIII", 20, 0, 0, 0, 0, crc, len(CONTENT), len(CONTENT))
    local = LOCAL[0] + head + struct.pack("<HH", len(name), 0) + name + CONTENT
    places = struct.pack("<HHHHHII", len(name), len(extra), 0, 0, 0, 0, 0xFFFFFFFF)
    central = CENTRAL[0] + struct.pack("<H", 20) + head + places + name + extra
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return bytearray(local + central + b"PK\x05\x06" + end)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(encrypted, r"a\.xml is encrypted$", id="encrypted"),
        pytest.param(unknown_method, "packed in a way not known here", id="unknown method"),
        pytest.param(lambda: damaged(zipfile.ZIP_DEFLATED), r"cannot be read \(.+\)$", id="damaged deflate"),
        pytest.param(lambda: damaged(zipfile.ZIP_BZIP2), "Invalid data stream", id="damaged bzip2"),
        pytest.param(lambda: damaged(zipfile.ZIP_LZMA), r"cannot be read \(.+\)$", id="damaged LZMA"),
        pytest.param(ends_early, r"cannot be read \(a file in it ends too early\)$", id="ends early"),
        pytest.param(no_name, r"cannot be read \(.+\)$", id="name no UTF-8"),
        pytest.param(beyond_every_file, r"cannot be read \(.+\)$", id="place beyond every file"),
    ],
)
def test_an_archive_that_cannot_be_read_is_told_in_words(
    make: Callable[[], bytearray], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    archive = tmp_path / "a.zip"
    archive.write_bytes(make())
    with pytest.raises(GivenFileError, match=said) as refused:
        read_given([archive])
    assert str(refused.value).startswith(f"{archive}: ")


def test_files_and_folders_without_a_name_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.mkdir("folder.xml")
        file.writestr("folder.xml/a.XML", CONTENT)
    (found,) = read_given([archive])
    assert (found.name, found.octets) == ("folder.xml/a.XML", CONTENT)
    archive.write_bytes(made(zipfile.ZIP_STORED, "x").replace(b"x<a>", b"\0<a>").replace(b"x", b"\0"))
    with pytest.raises(GivenFileError, match=r"no \*\.xml in it"):
        read_given([archive])
