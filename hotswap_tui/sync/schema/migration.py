"""The user's own migration command, run once for a database, which it finds in DATABASE_URL."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn

from hotswap_tui.core.text import clean
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from hotswap_tui.dsn.secret import SecretStr

VARIABLE: Final = "DATABASE_URL"
DIRECT: Final = "DIRECT_URL"
"""What Prisma's `directUrl` is read from: its migrations go there, and a dotenv file would send both runs to one database."""
_SECRETS: Final = frozenset({"DATABASE_URL_SECONDARY", "DB_PRIMARY_URL_FROM_SECONDARY"})
_OURS: Final = "HOTSWAP_"
_END_S: Final = 10.0
"""What the command gets to end by itself after an interrupt, and after SIGTERM once more."""
_STDERR: Final = 2


class Interrupted(Exception):  # noqa: N818 - not an error: a person's wish
    """A person, or the system, ended the command."""


def environment(ambient: Mapping[str, str], url: SecretStr) -> dict[str, str]:
    """Return the command's environment: `ambient` with this database's connection string, and without our own secrets.

    A tool that reads a dotenv file as well lets the environment win.
    """
    kept = {name: value for name, value in ambient.items() if name not in _SECRETS and not name.startswith(_OURS)}
    return kept | dict.fromkeys((VARIABLE, DIRECT), url.get_secret_value())


def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run `argv` without a shell until it ends; return its exit code, negative for the signal that ended it.

    Its output goes to standard error as it comes: standard output is for what comes of it. Raises Interrupted after Ctrl-C and
    SIGTERM, when it has ended, and SyncError when it cannot be started.
    """
    try:
        process = subprocess.Popen(list(argv), env=dict(environ), stdout=_STDERR)  # it never sees a shell
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "not a command"
        raise SyncError(f"{clean(argv[0])} cannot be started: {why}") from None
    with process, _terminable():
        try:
            return process.wait()
        except KeyboardInterrupt:
            _end(process)
            raise Interrupted from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the command end: a terminal's Ctrl-C has reached it, too, and a second one is often taken for impatience."""
    for sent in (None, signal.SIGTERM, signal.SIGKILL):
        if sent is not None:
            process.send_signal(sent)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(_END_S)
            return


@contextmanager
def _terminable() -> Iterator[None]:
    """Take SIGTERM for an interrupt meanwhile: the command would go on alone, unseen."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
