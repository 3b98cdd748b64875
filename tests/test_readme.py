"""The README says what the program does; what can be generated is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotswap_tui.core.table import mermaid
from hotswap_tui.tui.commands import COMMANDS, key_names

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def keys_table() -> str:
    """Every command of the dashboard as a row."""
    rows = [f"| {' '.join(f'`{key}`' for key in key_names(c, {}))} | {c.help} |" for c in COMMANDS]
    return "\n".join(["| key | what it does |", "|---|---|", *rows])


def test_keys_are_those_of_the_commands() -> None:
    """A key that changes in the program must change in the README."""
    assert README.partition("<!-- keys:begin -->\n")[2].partition("\n<!-- keys:end -->")[0] == keys_table()


def test_diagram_is_drawn_from_the_table() -> None:
    """The state diagram cannot drift from the machine."""
    assert f"```mermaid\n{mermaid()}\n```" in README


@pytest.mark.parametrize("picture", ["steady", "failing", "failed-over", "both-down", "dialogue"])
def test_pictures_exist(picture: str) -> None:
    """Every picture that the README shows is there."""
    assert f"screenshots/{picture}.svg" in README
    assert (ROOT / "screenshots" / f"{picture}.svg").is_file()
