"""The README's table of settings, from the fields and their docstrings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.config.settings import variables

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def settings_table() -> str:
    """Return the settings as a Markdown table: variable, default, description."""
    rows = (f"| `{name}` | {_default(field)} | {field.description} |" for name, field in variables().items())
    return "\n".join(("| Variable | Default | Description |", "|----------|---------|-------------|", *rows))


def _default(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["shown"])
    if field.is_required():
        return "*(required)*"
    if field.default is None:
        return "*(optional)*"
    return f"`{int(field.default) if isinstance(field.default, bool) else field.default}`"
