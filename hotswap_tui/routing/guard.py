"""The guard: a shell that waits on a pipe, outlives this program, and ends a hold that this program cannot end any more."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hotswap_tui

if TYPE_CHECKING:
    from hotswap_tui.routing.layout import Gateway

_SCRIPT: Final = """
trap '' HUP INT TERM
timeout "$1" cat >/dev/null
tries=0
while [ "$tries" -lt 600 ]; do
    case "$(cat "$3" 2>/dev/null)" in *"$2"*) ;; *) exit ;; esac
    "$4" -m hotswap_tui gateway release --dir "$5" --token "$2"
    tries=$((tries + 1))
    if [ "$tries" -lt 10 ]; then sleep 1; else sleep 5; fi
done
"""
"""Arguments: seconds, token, note, Python, gateway. The pipe ends when this program does, `timeout` when it hangs instead."""
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


class GuardError(Exception):
    """The guard could not be started; one line."""


class Guard:
    """The guard of one hold."""

    def __init__(self, gateway: Gateway, token: str, budget_s: float) -> None:
        """Start it: it acts after `budget_s` seconds, or when this process ends. Takes some milliseconds; raises GuardError."""
        arguments = (str(math.ceil(budget_s)), token, str(gateway.hold_note.absolute()), sys.executable)
        try:
            self._process = subprocess.Popen(
                ["sh", "-c", _SCRIPT, "hotswap-guard", *arguments, str(gateway.directory.absolute())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd=Path(hotswap_tui.__file__).parent.parent,
                env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            )
        except OSError as error:
            raise GuardError(f"the guard that would end a hold cannot be started: {error.strerror}") from error

    async def dismiss(self) -> None:
        """End it, the note being gone; that takes a few milliseconds."""
        self._close()
        await asyncio.to_thread(self._process.wait)

    def let_go(self) -> None:
        """Make it act on what the note still says, without waiting for that."""
        self._close()
        # Somebody has to collect it in the end; a thread that does not keep this program from ending.
        threading.Thread(target=self._process.wait, name="guard", daemon=True).start()

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
