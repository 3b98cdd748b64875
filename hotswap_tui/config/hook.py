"""Whether the program that is to run after each switch can be started."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def hook_problem(program: str, path: str, directory: Path) -> str:
    """Return why `program` cannot be started from `directory`, and what to do; empty when it can.

    `path`: the directories that are searched where it is named without one.
    """
    if "/" not in program:
        return "" if shutil.which(program, path=path) else f"there is no program {program} in PATH; give its whole path"
    file = directory / program
    if not file.is_file():
        return f"there is no file {program}"
    return "" if os.access(file, os.X_OK) else f"{program} is not executable; chmod +x {program}"
