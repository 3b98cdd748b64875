"""Where the engine keeps its state, found without reading any other setting."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.config.sources import read_named, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STATE_DIR: Final = "HOTSWAP_STATE_DIR"


def default_state_dir() -> Path:
    """Return root's directory in /var/lib, or the user's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/hotswap-tui")
    from platformdirs import user_state_path  # noqa: PLC0415  most starts name the directory or run as root

    return user_state_path("hotswap-tui")


def find_state_dir(environ: Mapping[str, str], env_files: Sequence[Path]) -> Path:
    """Return the directory that `load` finds in the same sources, without checking the rest. Raises `SourceError`."""
    given = value_of(STATE_DIR, read_named(environ, env_files))
    return Path(given).expanduser() if given else default_state_dir()
