"""The README's table of settings, from the fields and their docstrings."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import TYPE_CHECKING

from hotswap_tui.config.settings import Settings, variables

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def settings_table() -> str:
    """Return the settings as a Markdown table: variable, default, description."""
    documented = _docstrings()
    fields = {field.alias: name for name, field in Settings.model_fields.items()}
    rows = (f"| `{name}` | {_default(field)} | {documented[fields[name]]} |" for name, field in variables().items())
    return "\n".join(("| Variable | Default | Description |", "|----------|---------|-------------|", *rows))


def _docstrings() -> dict[str, str]:
    """Return the docstring under each field. pydantic could collect them, at 20 ms of every start."""
    (definition,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(definition, ast.ClassDef)
    return {
        field.target.id: ast.literal_eval(doc.value)
        for field, doc in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(doc, ast.Expr)
    }


def _default(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict) and "shown" in field.json_schema_extra:
        return str(field.json_schema_extra["shown"])
    if field.is_required():
        return "*(required)*"
    if field.default is None:
        return "*(optional)*"
    return f"`{int(field.default) if isinstance(field.default, bool) else field.default}`"
