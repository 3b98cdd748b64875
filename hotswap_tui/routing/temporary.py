"""Files that are written beside another one and then take its place; `kill -9` may leave them there."""

from __future__ import annotations

import re
from contextlib import suppress
from secrets import token_hex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 4


def beside(path: Path) -> Path:
    """Return a name in the directory of `path` that nobody uses."""
    return path.with_name(f".{path.name}.{token_hex(_BYTES)}")


def sweep(path: Path) -> None:
    """Remove what was written to take the place of `path` and never did; what cannot be removed stays."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{{2 * _BYTES}}}")
    with suppress(OSError):
        for each in path.parent.iterdir():
            if ours.fullmatch(each.name):
                each.unlink(missing_ok=True)
