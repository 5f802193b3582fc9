"""The reference page of the configuration is current."""

from pathlib import Path

import adapters
from adapters.cli.config_page import render_page

PAGE = Path(adapters.__file__).parents[1] / "docs" / "configuration.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page()


def test_no_secret_and_no_unnamed_type_is_on_the_page() -> None:
    page = render_page()
    assert "**`kennung`**" in page
    assert "secret: its password" in page
    assert "| `crls` | list of paths:" in page
    assert "PydanticUndefined" not in page
    assert "NoneType" not in page
