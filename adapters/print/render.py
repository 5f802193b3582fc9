"""The confirmation as a PDF: the same bytes for the same input and instant.

It keeps PDF/UA-1 (ISO 14289-1: read aloud in the right order) and PDF/A-2a (ISO 19005-2: kept for long).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from adapters.print.confirmation import Confirmation
from adapters.print.words import pages
from gateway.clock import german_day

if TYPE_CHECKING:
    from typst import Fonts


def require() -> None:
    """Raise ModuleNotFoundError unless the extra `print` is installed."""
    import barcode  # noqa: F401
    import typst  # noqa: F401


def render(confirmation: Confirmation, at: datetime) -> bytes:
    """Return the confirmation and its leaflet as PDF.

    In: what is confirmed, and the aware instant at which it is made, of which the pages bear the German day.
    Everything of a message goes into the template as JSON, so nothing in it is ever read as markup. Raises
    NotPrintableError for a kind of right that has no form, ModuleNotFoundError without the extra `print`.
    """
    import typst

    content = json.dumps(pages(confirmation, german_day(at)), ensure_ascii=False)
    source = resources.files("adapters.print").joinpath("confirmation.typ").read_bytes()
    return typst.compile(
        source,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"content": content},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=at.astimezone(UTC).replace(microsecond=0),
    )


@cache
def _fonts() -> Fonts:
    import typst

    with resources.as_file(resources.files("adapters.print").joinpath("fonts")) as folder:
        return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(folder)])
