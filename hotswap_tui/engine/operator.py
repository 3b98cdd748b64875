"""Who asks: the name that goes into the journal with a person's request."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path


def operator() -> str:
    """Return who sits here, as `pi@tty1` or `pi@pts/0`; the name alone without a terminal."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = f"uid {os.getuid()}"
    try:
        terminal = os.ttyname(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):
        return name
    return f"{name}@{Path(terminal).relative_to('/dev')}" if terminal.startswith("/dev/") else name
