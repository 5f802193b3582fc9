"""The reference page of all errors: ``python -m messages.errors_page > docs/errors.md`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from messages.errors import CATALOGUE, Advice, CatalogueEntry, Category

_HEADINGS: Final = {
    Category.TRANSPORT: "Transport, certificate, signature, right to send",
    Category.SOAP: "SOAP envelope",
    Category.XML: "XML",
    Category.VERSION: "Version",
    Category.SPECIFICATION: "Rules of the standard",
    Category.AVAILABILITY: "Try again later",
    Category.BUSINESS: "Reasons and information of the business answers",
}
_ADVICE: Final = {
    Advice.RETRY: "send again",
    Advice.CORRECT: "correct",
    Advice.CALL: "call",
}
_INTRODUCTION: Final = """\
# Error reference

This page is generated from `messages/errors.toml` by `python -m messages.errors_page > docs/errors.md`.

* **Code**: stable. Codes of the XInneres list keep their name; `T011.broken` is our more specific form of
  `T011`. In a rejection 0010 the code of the list is the reason, ours stands in `grundSpezifisch`.
* **Do**: *send again* means the same message with the same message UUID, after the seconds named where
  there are some; *correct* means a new message with a new UUID; *call* means that a person has to help.
* Words in `{braces}` are filled in with the facts of the case. Path and line come beside the text.
* A document that breaks several rules gets all of them at once, one `einzelfehler` each.
"""


def render_page() -> str:
    """The whole page as Markdown, ending with a line feed."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield _INTRODUCTION.rstrip()
    for category, heading in _HEADINGS.items():
        yield ""
        yield f"## {heading}"
        yield ""
        yield from _table(entry for entry in CATALOGUE.values() if entry.category is category)


def _table(entries: Iterable[CatalogueEntry]) -> Iterator[str]:
    yield "| Code | In 0010 | Severity | Do | Deutsch | English |"
    yield "|---|---|---|---|---|---|"
    for entry in entries:
        yield (
            f"| `{entry.code}` | {entry.standard or '-'} | {entry.severity} | {_advice(entry)} "
            f"| {_cell(entry.text_de)} | {_cell(entry.text_en)} |"
        )


def _advice(entry: CatalogueEntry) -> str:
    after = f", after {entry.retry_after} s" if entry.retry_after is not None else ""
    return f"{_ADVICE[entry.advice]}{after}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render_page())
