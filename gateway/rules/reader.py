"""Reads versions of the decision table from TOML; what the table does not know is an error at start."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

from gateway.rules.engine import DecisionTable, Note, Row, RuleBook, Verdict

_ROW_KEYS = frozenset(
    [
        "id",
        "existing",
        "request",
        "with",
        "without",
        "answer",
        "reason",
        "reason_by_existing",
        "reason_by_request",
        "text",
        "info",
        "takeover",
        "show",
        "effect",
        "legal_basis",
        "explanation_de",
        "explanation_en",
        "evidence",
        "point",
    ]
)
_EXISTING_KEYS = frozenset({"classes", "states", "agency", "same_kind"})
_AGENCIES = {"own": True, "other": False}
_EVIDENCE = frozenset("SXLD")


class TableError(ValueError):
    """The table's text is wrong; the message names row and key."""


def load_rules() -> RuleBook:
    """Read every bundled version (`gateway/rules/table-*.toml`). Raises TableError."""
    texts = [
        entry.read_text(encoding="utf-8")
        for entry in files("gateway.rules").iterdir()
        if entry.name.startswith("table-") and entry.name.endswith(".toml")
    ]
    return RuleBook(read_table(text) for text in texts)


def read_table(text: str) -> DecisionTable:
    """Read one version from TOML text. Raises TableError."""
    data = tomllib.loads(text)
    words: dict[str, list[str]] = data["words"]
    flags = frozenset(data["flags"])
    valid_from = data["valid_from"]
    if not isinstance(valid_from, date):
        raise TableError("valid_from must be a date")
    rows = tuple(_row(row, words, flags) for row in data["row"])
    notes = tuple(_note(note) for note in data.get("note", ()))
    ids = [*(row.id for row in rows), *(note.id for note in notes)]
    if len(set(ids)) != len(ids):
        raise TableError("two rows have the same id")
    return DecisionTable(
        version=str(data["version"]),
        valid_from=valid_from,
        flags=flags,
        kinds=data["kinds"],
        active_states=frozenset(words["ACTIVE"]),
        rows=rows,
        active_ranks=tuple(_expand(rank, words) for rank in data["selection"]["active"]),
        inactive_ranks=tuple(_expand(rank, words) for rank in data["selection"]["inactive"]),
        words={word: frozenset(meaning) for word, meaning in words.items()},
        notes=notes,
    )


def _row(data: Mapping[str, Any], words: Mapping[str, list[str]], flags: frozenset[str]) -> Row:
    row_id = str(data.get("id", "without id"))
    existing = data.get("existing", {})
    _only(row_id, data, _ROW_KEYS)
    _only(row_id, existing, _EXISTING_KEYS)
    for key in ("answer", "effect", "legal_basis", "explanation_de", "explanation_en", "evidence"):
        if not data.get(key):
            raise TableError(f"row {row_id}: {key} is missing")
    with_flags, without_flags = frozenset(data.get("with", ())), frozenset(data.get("without", ()))
    if not with_flags | without_flags <= flags:
        raise TableError(f"row {row_id}: a flag that the table does not list")
    answer = Verdict(data["answer"])
    reason = data.get("reason")
    by_existing, by_request = data.get("reason_by_existing", {}), data.get("reason_by_request", {})
    if answer in (Verdict.ACCEPT, Verdict.CLOSE) and (reason or by_existing or by_request):
        raise TableError(f"row {row_id}: {answer} has no reason")
    if answer in (Verdict.REFUSE, Verdict.ASK) and not (reason or by_existing or by_request):
        raise TableError(f"row {row_id}: reason is missing")
    if not frozenset(data["evidence"].replace(" ", "").split(",")) <= _EVIDENCE:
        raise TableError(f"row {row_id}: evidence is one of S, X, L, D")
    point = bool(data.get("point", True))
    requests = frozenset(data.get("request", ()))
    if point and not requests:
        raise TableError(f"row {row_id}: request is missing")
    agency = existing.get("agency")
    if agency is not None and agency not in _AGENCIES:
        raise TableError(f"row {row_id}: agency is own or other")
    return Row(
        id=row_id,
        classes=_expand(existing["classes"], words) if "classes" in existing else None,
        states=_expand(existing["states"], words) if "states" in existing else None,
        own=None if agency is None else _AGENCIES[agency],
        same_kind=bool(existing.get("same_kind", False)),
        requests=requests,
        with_flags=with_flags,
        without_flags=without_flags,
        answer=answer,
        reason=reason,
        reason_by_existing=by_existing,
        reason_by_request=by_request,
        text=data.get("text"),
        info=tuple(data.get("info", ())),
        takeover=bool(data.get("takeover", False)),
        show=bool(data.get("show", False)),
        effect=data["effect"],
        legal_basis=data["legal_basis"],
        explanation_de=data["explanation_de"],
        explanation_en=data["explanation_en"],
        evidence=data["evidence"],
        point=point,
    )


def _note(data: Mapping[str, Any]) -> Note:
    keys = ("id", "legal_basis", "explanation_de", "explanation_en", "evidence")
    _only(str(data.get("id", "without id")), data, frozenset(keys))
    missing = next((key for key in keys if not data.get(key)), None)
    if missing is not None:
        raise TableError(f"note {data.get('id', 'without id')}: {missing} is missing")
    return Note(**data)


def _expand(names: Iterable[str], words: Mapping[str, list[str]]) -> frozenset[str]:
    """Replace the words of the table by what they stand for."""
    expanded: set[str] = set()
    for name in names:
        if name in words:
            expanded.update(words[name])
        else:
            expanded.add(name)
    return frozenset(expanded)


def _only(row_id: str, data: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = set(data) - known
    if unknown:
        raise TableError(f"row {row_id}: unknown key {sorted(unknown)[0]}")
