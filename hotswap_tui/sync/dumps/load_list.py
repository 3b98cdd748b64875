"""What of an archive is loaded, and in which order: the list that `pg_restore --use-list` takes, made of what `--list` says.

With --clean pg_restore drops in the reverse of that order, and PostgreSQL drops no index or constraint that is attached to the
one of a partitioned table, only this one with all that is attached to it. So the attached ones come first in the list.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING, Final

from hotswap_tui.sync.dumps.access import plain_environment
from hotswap_tui.sync.dumps.client_tools import RESTORE
from hotswap_tui.sync.dumps.streaming import Command, pump

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hotswap_tui.sync.dumps.client_tools import Tools
    from hotswap_tui.sync.dumps.moving_progress import Meter
    from hotswap_tui.sync.dumps.restore_target import Target
    from hotswap_tui.sync.dumps.streaming import Programs

_ENTRY: Final = re.compile(r"\d+; \d+ \d+ (?P<words>.*) \S*$")
_EXTENSION: Final = re.compile(r"(?:EXTENSION - |COMMENT - EXTENSION )(?P<name>\S+)")
_INDEXES: Final = ("INDEX ", "CONSTRAINT ")
_BREAKS: Final = str.maketrans("\r\n", "  ")
"""As pg_restore shows them in names."""


class _WholeError(Exception):
    """The list is complete before the archive is."""


def load_list(listing: str, target: Target) -> str:
    """Return the list of what to load into `target`.

    Without the extensions that it has and the rows of their tables: whoever has not made an extension may neither drop nor comment on it.
    """
    attached = {entry.translate(_BREAKS) for entry in target.attached}
    brought = {entry.translate(_BREAKS) for entry in target.brought}
    lines = [line for line in listing.splitlines() if not _stays(line, target.facts.extensions, brought)]
    first = next((at for at, line in enumerate(lines) if _words(line).startswith(_INDEXES)), len(lines))
    ahead = [line for line in lines if _words(line) in attached]
    rest = [line for line in lines[first:] if _words(line) not in attached]
    return "".join(f"{line}\n" for line in (*lines[:first], *ahead, *rest))


def read_ahead(programs: Programs, tools: Tools, stream: IO[bytes], meter: Meter) -> tuple[bytes, str]:
    """Return how the archive in `stream` begins, and what `pg_restore --list` says of it, which stands there; raises SyncError."""
    head = bytearray()
    with tempfile.TemporaryFile() as said:
        command = Command((tools.program(RESTORE), "--list"), plain_environment())
        process = programs.start(command, stdin=subprocess.PIPE, stdout=said)
        entrance = process.stdin
        assert entrance is not None

        def keep(block: bytes) -> None:
            head.extend(block)
            rest = memoryview(block)
            try:
                while rest:
                    rest = rest[os.write(entrance.fileno(), rest) :]
            except BrokenPipeError:
                raise _WholeError from None

        try:
            pump(stream, keep, meter.at)
        except _WholeError:
            pass
        finally:
            entrance.close()
        programs.require(process, meter.tick)
        said.seek(0)
        return bytes(head), said.read().decode(errors="surrogateescape")


def _words(line: str) -> str:
    """Return kind, schema and names of an entry, without its owner; empty for a comment."""
    match = _ENTRY.match(line)
    return match["words"] if match else ""


def _stays(line: str, extensions: Sequence[str], brought: Collection[str]) -> bool:
    words = _words(line)
    match = _EXTENSION.match(words)
    return words in brought or bool(match and match["name"] in extensions)
