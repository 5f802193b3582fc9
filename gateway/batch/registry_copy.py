"""A signed copy of the party registry in a file: whom the batch door believes while the core store is away.

The first line holds the signature over the second, and that holds the parties with their certificates, the
environment, the gateway, and when the copy was made. Only one of our own key, of our environment and not
older than allowed is believed; certificates are judged by the usual validator all the same. Who is locked, or
loses a certificate, is known again before anything takes effect: draining asks the registry itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from gateway.clock import Clock
from gateway.settings import Settings
from gateway.trust.keys import SigningKey
from gateway.trust.signature_keys import certificate_key
from messages.errors import GatewayError
from store.errors import StoreUnavailable
from store.records import PartyCertificate, PartyRecord

FORMAT: Final = "inge-registry-1"
_MEANS: Final = b"inge registry copy\n"
"""Signed before the line, so that no other signature of our key can stand for one of a copy."""
_FIELDS: Final = tuple(each.name for each in fields(PartyRecord))
_SETS: Final = ("allowed_types", "versions", "connected")


class CopyRefused(StoreUnavailable):
    """There is no copy that may be believed; the text says why."""


@dataclass(frozen=True, slots=True)
class CopyState:
    """When a copy was made and how many parties are in it; `problem` says why it would not be believed."""

    made_at: datetime | None
    parties: int
    problem: str | None


class RegistryCopy:
    """The copy in a file. Used by several threads and processes at once."""

    def __init__(
        self, path: Path, key: SigningKey, settings: Settings, clock: Clock, *, max_age: timedelta
    ) -> None:
        """In: the key that signs the copy and by whose certificate it is believed, the real clock."""
        self.path = path
        self._key = key
        self._settings = settings
        self._clock = clock
        self._max_age = max_age

    def write(self, parties: Iterable[PartyRecord]) -> None:
        """Replace the copy; a crash leaves the old one or the new one. Raises OSError."""
        content = {
            "format": FORMAT,
            "environment": self._settings.environment,
            "gateway": self._settings.kennung,
            "made_at": self._clock.now().isoformat(),
            "parties": [_as_data(each) for each in parties],
        }
        line = json.dumps(content, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode("ascii")
        signature = b64encode(self._key.sign(_MEANS + line))
        # A file of its own, private from the beginning; processes that write at once do not meet.
        descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with open(descriptor, "wb") as file:
                file.write(signature + b"\n" + line + b"\n")
                file.flush()
                os.fsync(descriptor)
            os.replace(name, self.path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)
            raise

    def renew(self, parties: Callable[[], Iterable[PartyRecord]], every: timedelta) -> bool:
        """Replace the copy where it is older than `every`, or would not be believed; out: whether it was.

        Raises StoreUnavailable where the registry cannot be read, OSError.
        """
        state = self.state()
        now = self._clock.now()
        if state.problem is None and state.made_at is not None and now - every < state.made_at <= now:
            return False
        self.write(parties())
        return True

    def read(self) -> list[PartyRecord]:
        """Return the parties as they were known last. Raises CopyRefused, a StoreUnavailable."""
        content = self._proven()
        problem = self._objection(content)
        if problem is not None:
            raise CopyRefused(problem)
        return [_record(each) for each in content["parties"]]

    def state(self) -> CopyState:
        """Return what there is, for operators; raises nothing."""
        try:
            content = self._proven()
        except CopyRefused as error:
            return CopyState(None, 0, str(error))
        return CopyState(
            datetime.fromisoformat(content["made_at"]), len(content["parties"]), self._objection(content)
        )

    def _proven(self) -> Mapping[str, Any]:
        try:
            signature, line = self.path.read_bytes().split(b"\n")[:2]
            value = b64decode(signature, validate=True)
        except FileNotFoundError:
            raise CopyRefused("there is no copy of the registry") from None
        except OSError as error:
            raise CopyRefused(f"the copy of the registry: {type(error).__name__}") from None
        except ValueError:
            raise CopyRefused("the copy of the registry cannot be read") from None
        ours = certificate_key(self._key.certificate)
        try:
            ours.verify(self._key.algorithm, value, _MEANS + line)
        except GatewayError:
            raise CopyRefused("the copy of the registry is not signed by this gateway's key") from None
        content: dict[str, Any] = json.loads(line)
        if content.get("format") != FORMAT:
            raise CopyRefused("the copy of the registry has another format")
        return content

    def _objection(self, content: Mapping[str, Any]) -> str | None:
        settings = self._settings
        if (content["environment"], content["gateway"]) != (settings.environment, settings.kennung):
            return "the copy of the registry is that of another environment"
        age = self._clock.now() - datetime.fromisoformat(content["made_at"])
        # A clock that was set back must not make an old copy young.
        if not -timedelta(minutes=5) <= age <= self._max_age:
            return "the copy of the registry is too old"
        if any(set(each) != set(_FIELDS) for each in content["parties"]):
            return "the copy of the registry was made by another release"
        return None


def _as_data(party: PartyRecord) -> dict[str, Any]:
    data = {name: getattr(party, name) for name in _FIELDS}
    for name in _SETS:
        data[name] = sorted(data[name])
    data["certificates"] = [
        [
            each.fingerprint,
            b64encode(each.der).decode("ascii"),
            *(None if at is None else at.isoformat() for at in (each.valid_from, each.valid_until)),
        ]
        for each in party.certificates
    ]
    return data


def _record(data: Mapping[str, Any]) -> PartyRecord:
    values = dict(data)
    values["allowed_types"] = frozenset(data["allowed_types"])
    values["versions"] = frozenset(data["versions"])
    values["connected"] = frozenset((kind, version) for kind, version in data["connected"])
    values["certificates"] = tuple(
        PartyCertificate(fingerprint, b64decode(der), _moment(since), _moment(until))
        for fingerprint, der, since, until in data["certificates"]
    )
    return PartyRecord(**values)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
