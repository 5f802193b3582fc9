"""The folders of contracts: what a `contract.toml` says about the schema files beside it, and from when."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from schemas import paths

CONTRACT_FILE = "contract.toml"


class ContractFileError(ValueError):
    """A `contract.toml` or a schema it names cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Period:
    """From which day until which (both included) a version is served; None leaves what its folder says."""

    served_from: date | None = None
    served_until: date | None = None


@dataclass(frozen=True, slots=True)
class ContractFolder:
    """What a `contract.toml` says about the schema files beside it.

    `extends` names the version whose messages these are, where they are known by another; `renamed` tells
    which of their elements have another name here (see `messages.versions`).
    """

    folder: Path
    namespace: str
    family: str
    standard: str
    version: str
    served_from: date
    served_until: date | None
    entries: tuple[Path, ...]
    framed: bool
    extends: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def version_name(self) -> str:
        """Return standard and version: "XAusländer 26.11"."""
        return f"{self.standard} {self.version}"

    @property
    def shown(self) -> str:
        """Return version and period for people: "26.11 (2026-11-01 – …)"."""
        until = "…" if self.served_until is None else self.served_until.isoformat()
        return f"{self.version} ({self.served_from.isoformat()} – {until})"

    def served(self, on: date) -> bool:
        """Tell whether the version is served on a day."""
        return self.served_from <= on and not self.ended(on)

    def ended(self, on: date) -> bool:
        """Tell whether its last day was before a day."""
        return self.served_until is not None and self.served_until < on

    def within(self, period: Period) -> "ContractFolder":
        """Return the same with the days that an operator set. Raises ContractFileError for no day at all."""
        changed = replace(
            self,
            served_from=period.served_from or self.served_from,
            served_until=period.served_until or self.served_until,
        )
        if changed.ended(changed.served_from):
            raise ContractFileError(f"{self.version_name}: would end before it begins ({changed.shown})")
        return changed

    @classmethod
    def read(cls, file: Path) -> "ContractFolder":
        """Read a `contract.toml`. Raises ContractFileError when something is missing or odd."""
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
            patterns = [data["entries"]] if isinstance(data["entries"], str) else data["entries"]
            entries = tuple(sorted({path for pattern in patterns for path in file.parent.glob(pattern)}))
            result = cls(
                file.parent,
                data["namespace"],
                data["family"],
                data["standard"],
                data["version"],
                data["served_from"],
                data.get("served_until"),
                entries,
                data.get("framed", True),
                data.get("extends"),
                data.get("renamed", {}),
            )
        except OSError as error:
            raise ContractFileError(f"{file}: {error.strerror}") from error
        except (KeyError, tomllib.TOMLDecodeError) as error:
            raise ContractFileError(f"{file}: {error}") from error
        if not entries:
            raise ContractFileError(f"{file}: no file matches {data['entries']!r}")
        return result


def read_folders(
    *,
    installed: Path | None = None,
    versions: Sequence[Path] = (),
    served: Mapping[str, Period] = MappingProxyType({}),
) -> Sequence[ContractFolder]:
    """Read what every contract says, without compiling a schema.

    In: the folder into which packages were installed, or None (an installed contract replaces the bundled
    one of the same namespace); the folders of further versions of a standard; from when until when versions
    are served where an operator decided so, by their name ("XAusländer 26.11").
    Raises ContractFileError for a file that cannot be used, a version that is there twice, a version named
    that is not there.
    """
    folders = {folder.namespace: folder for folder in map(ContractFolder.read, paths.contract_files())}
    if installed is not None:
        for file in sorted(installed.rglob(CONTRACT_FILE)):
            folder = ContractFolder.read(file)
            folders[folder.namespace] = folder
    for place in versions:
        folder = ContractFolder.read(place / CONTRACT_FILE)
        if folder.namespace in folders:
            raise ContractFileError(f"{place}: the namespace {folder.namespace} is there already")
        folders[folder.namespace] = folder
    named: dict[str, ContractFolder] = {}
    for folder in folders.values():
        other = named.setdefault(folder.version_name, folder)
        if other is not folder:
            raise ContractFileError(f"{folder.version_name} is there twice: {other.folder}, {folder.folder}")
    for name, period in served.items():
        if name not in named:
            known = ", ".join(sorted(named))
            raise ContractFileError(f"{name!r} is no version that is there; these are: {known}")
        named[name] = named[name].within(period)
    return tuple(named.values())
