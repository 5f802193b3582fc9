"""Which codes are allowed: complete lists are enforced, excerpts let further well-formed codes pass."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from schemas import paths
from schemas.genericode import CodeList, CodeListError, read_code_list
from schemas.violations import ViolationKind

#: What a code of a list that is not held completely must look like when the list says nothing else.
_ANY_CODE = re.compile(r"\S(?:.{0,98}\S)?")


class Extent(StrEnum):
    """How much of a list is held."""

    COMPLETE = "complete"
    EXCERPT = "excerpt"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class HeldList:
    """One list in one version as it is held, with the shape of further codes if it is an excerpt."""

    codes: CodeList
    extent: Extent
    code_pattern: re.Pattern[str]


class CodeLists:
    """All lists that are held, answering for single codes."""

    def __init__(self, lists: list[HeldList], patterns: Mapping[str, re.Pattern[str]]) -> None:
        self._patterns = dict(patterns)
        self._held: dict[str, dict[str, HeldList]] = {}
        for held in lists:
            self._held.setdefault(held.codes.uri, {})[held.codes.version] = held
        # Codes of complete lists, flat: the hot path asks this one mapping once per code.
        self._known = {
            (uri, version): frozenset(held.codes.codes)
            for uri, versions in self._held.items()
            for version, held in versions.items()
        }
        self._complete = {
            uri
            for uri, versions in self._held.items()
            if any(held.extent is Extent.COMPLETE for held in versions.values())
        }

    @classmethod
    def load(cls, *, installed: Path | None = None) -> "CodeLists":
        """Read the bundled lists and those an operator installed.

        In: the folder of installed packages, or None. An installed list is complete; it replaces the
        bundled one of the same version, and every excerpt of the same list. Raises CodeListError for a
        file that cannot be read.
        """
        folder = paths.code_list_dir()
        lists: list[HeldList] = []
        patterns: dict[str, re.Pattern[str]] = {}
        for entry in tomllib.loads((folder / "lists.toml").read_text(encoding="utf-8"))["list"]:
            extent = Extent(entry["extent"])
            pattern = re.compile(entry["code_pattern"]) if "code_pattern" in entry else _ANY_CODE
            if extent is Extent.ABSENT:
                patterns[entry["uri"]] = pattern
                continue
            codes = read_code_list(folder / entry["file"])
            lists.append(HeldList(codes, extent, pattern))
            patterns[codes.uri] = pattern
        official = [] if installed is None else installed_code_lists(installed)
        replaced = {codes.uri for codes in official}
        kept = [held for held in lists if held.extent is Extent.COMPLETE or held.codes.uri not in replaced]
        return cls(kept + [HeldList(codes, Extent.COMPLETE, _ANY_CODE) for codes in official], patterns)

    def judge(self, uri: str, version: str | None, code: str) -> ViolationKind | None:
        """Judge one code as a document names it.

        In: list URI, list version, code (all collapsed tokens). Out: None when it may pass, else
        UNKNOWN_LIST_VERSION or UNKNOWN_CODE (error codes S010 and S011 of XInneres).
        """
        known = self._known.get((uri, version or ""))
        if known is not None and code in known:
            return None
        if uri in self._complete:
            return ViolationKind.UNKNOWN_LIST_VERSION if known is None else ViolationKind.UNKNOWN_CODE
        pattern = self._patterns.get(uri, _ANY_CODE)
        return None if pattern.fullmatch(code) else ViolationKind.UNKNOWN_CODE

    def expected(self, uri: str) -> str:
        """Return what a valid code of a list looks like, for a violation: list URI and held versions."""
        versions = ", ".join(sorted(self._held.get(uri, {})))
        return f"{uri} (version {versions})" if versions else uri

    def text(self, uri: str, version: str, code: str) -> str | None:
        """Return the German text of a code, or None when list, version or code are not held."""
        held = self._held.get(uri, {}).get(version)
        return None if held is None else held.codes.codes.get(code)

    def lists(self) -> list[HeldList]:
        """Return every held list, sorted by URI and version."""
        return [held for _, versions in sorted(self._held.items()) for _, held in sorted(versions.items())]


def installed_code_lists(folder: Path) -> list[CodeList]:
    """Read every Genericode file below a folder of installed packages.

    In: the folder. Out: the lists, sorted by path. An XML catalog is not a list and is left out.
    Raises CodeListError for any other XML file that is no list.
    """
    if not folder.is_dir():
        raise CodeListError(f"{folder}: no such folder")
    return [read_code_list(path) for path in sorted(folder.rglob("*.xml")) if path.name != "catalog.xml"]
