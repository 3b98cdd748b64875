"""The settings, read by a process of its own: pydantic weighs as much as the engine, and is needed for a moment only."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hotswap_tui
from hotswap_tui.config.loaded import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.config import Loaded, Profile

PATIENCE_S: Final = 60.0
"""A file of a network that does not answer must not keep a reload for ever."""


class UnreadError(SettingsError):
    """Nobody knows whether the settings are right: what reads them was killed, say for want of memory, or hangs."""


class Reading:
    """Begins to load the settings; the arguments are those of `config.load`, the environment is this process's."""

    def __init__(
        self, overrides: Mapping[str, str], env_files: Sequence[Path], directory: Path, profile: Profile | None
    ) -> None:
        files = [directory / path for path in env_files]
        self._request = pickle.dumps((dict(overrides), files, directory, profile))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # what a terminal sends is for us
            cwd=Path(hotswap_tui.__file__).parent.parent,
        )

    def result(self) -> Loaded:
        """Return them when they are there; raises SettingsError, or UnreadError where they cannot be had."""
        try:
            answer, _ = self._process.communicate(self._request, PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.end()
            self._process.communicate()
            raise UnreadError([f"the settings could not be read within {PATIENCE_S:g} s"]) from None
        if self._process.returncode:
            raise UnreadError([f"the settings could not be read: {sys.executable} ended early"])
        loaded: Loaded | tuple[str, ...] = pickle.loads(answer)  # noqa: S301 - our own child's
        if isinstance(loaded, tuple):
            raise SettingsError(loaded)
        return loaded

    def end(self) -> None:
        """Give up: `result` raises UnreadError."""
        self._process.kill()


def _read() -> Loaded | tuple[str, ...]:
    from hotswap_tui.config import load  # noqa: PLC0415 - only the child needs it

    overrides, env_files, directory, profile = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent's
    try:
        return load(overrides, os.environ, env_files, directory, profile)
    except SettingsError as error:
        return error.problems


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(_read()))
