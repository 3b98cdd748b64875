"""The guard: a shell that waits on a pipe, outlives this program, and ends a hold that this program cannot end any more."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hotswap_tui
from hotswap_tui.routing.note import new_token

if TYPE_CHECKING:
    from hotswap_tui.routing.layout import Gateway

_SCRIPT: Final = """
trap '' HUP INT TERM
if read -r seconds; then timeout "$seconds" cat >/dev/null; fi
token=$1 note=$2 tries=0
leave_if_done() { case "$(cat "$note" 2>/dev/null)" in *"$token"*) ;; *) exit ;; esac; }
while [ "$tries" -lt 600 ]; do
    leave_if_done
    "$3" -m hotswap_tui.routing.resume "$4" "$token"
    leave_if_done
    "$3" -m hotswap_tui gateway release --dir "$4" --token "$token"
    tries=$((tries + 1))
    if [ "$tries" -lt 10 ]; then sleep 1; else sleep 5; fi
done
"""
"""Arguments: token, note, Python, gateway. The first line says for how many seconds the hold that begins may last.

The pipe ends when this program does, `timeout` when it hangs instead.

First what clients wait for, in a sixth of the time; then the rest, and everything where that was not enough.
"""
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")


class GuardError(Exception):
    """The guard could not be started; one line."""


class Guard:
    """The guard of one hold, the one whose note has its `token`."""

    def __init__(self, gateway: Gateway) -> None:
        """Start it: it acts when this process ends. Takes some milliseconds; raises GuardError."""
        self.token = new_token()
        self._collected = threading.Event()
        arguments = (self.token, str(gateway.hold_note.absolute()), sys.executable)
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

    def begin(self, budget_s: float) -> None:
        """Make it act after `budget_s` seconds, too. Raises GuardError when it lives no more."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"%d\n" % math.ceil(budget_s))
            self._process.stdin.flush()
        except OSError as error:
            raise GuardError(f"the guard that would end a hold has ended: {error.strerror}") from error

    async def dismiss(self) -> None:
        """End it, the note being gone; that takes a few milliseconds."""
        self._close()
        await asyncio.to_thread(self._process.wait)

    def let_go(self) -> None:
        """Make it act on what the note still says, without waiting for that."""
        self._close()
        # Somebody has to collect it in the end; a thread that does not keep this program from ending.
        threading.Thread(target=self._collect, name="guard", daemon=True).start()

    @property
    def has_ended(self) -> bool:
        """Say whether one that was let go is done."""
        return self._collected.is_set()

    async def ended(self, within_s: float) -> bool:
        """Wait for the end of one that was let go, and say whether it has come."""
        return self.has_ended or await asyncio.to_thread(self._collected.wait, within_s)

    def _collect(self) -> None:
        self._process.wait()
        self._collected.set()

    def _close(self) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
