"""One database into the other: pg_dump into pg_restore, no file between them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from hotswap_tui.sync.connecting import secrets_of
from hotswap_tui.sync.dumps.access import access
from hotswap_tui.sync.dumps.client_tools import choose_for_dump, choose_for_restore, find_tools
from hotswap_tui.sync.dumps.dump import counted, dump_command
from hotswap_tui.sync.dumps.dump_source import opened
from hotswap_tui.sync.dumps.moving_progress import Meter
from hotswap_tui.sync.dumps.restore import feeding, restore_command, verified
from hotswap_tui.sync.dumps.streaming import Programs, pump
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.dumps.client_tools import Tools
    from hotswap_tui.sync.dumps.moving_progress import Tell
    from hotswap_tui.sync.dumps.restore import Loaded
    from hotswap_tui.sync.dumps.restore_target import Target

_EXCLUDES_EXTENSIONS: Final = 17
"""Since then pg_dump has `--exclude-extension`; before, only the ones to include can be named (since 14)."""
_ALWAYS_THERE: Final = "plpgsql"


def copy(source_dsn: Dsn, dsn: Dsn, target: Target, tell: Tell, *, clean: bool) -> Loaded:
    """Load `source_dsn` as it is now into `target`, which is at `dsn`, and compare the rows; raises SyncError.

    `clean` drops what is replaced. All or nothing: a failure leaves the target as it was.
    """
    found = find_tools(os.environ)
    secrets = secrets_of((source_dsn, dsn))
    with opened(source_dsn) as source:
        if source.facts.incarnation == target.facts.incarnation:
            raise SyncError(
                f"both connection strings lead to the same database ({source.facts.database} at {dsn.address})"
            )
        dumping = choose_for_dump(found, source.facts.major)
        restoring = choose_for_restore(found, dumping.major, target.facts.major)
        meter = Meter(tell, source.size_bytes)
        meter.stage = "copying"
        options = ("--compress=0", *extension_options(dumping, source.facts.extensions, target.facts.extensions))
        with (
            access(source_dsn, "hotswap-tui copy") as there,
            access(dsn, "hotswap-tui copy") as here,
            Programs() as programs,
        ):
            dumped = programs.start(
                dump_command(dumping, there, source, secrets, options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
            )
            assert dumped.stdout is not None
            with feeding(programs, [restore_command(restoring, here, secrets, clean=clean)], meter) as feed:
                source.begin_count()
                done = pump(dumped.stdout, feed.write, meter.at)
                # Only a whole archive may come to its end.
                programs.require(dumped, meter.tick)
        counts = counted(source, meter)
    return verified(dsn, counts, done, meter)


def extension_options(tools: Tools, source: Sequence[str], target: Sequence[str]) -> tuple[str, ...]:
    """Return the options that keep pg_dump from carrying extensions that the target has.

    Whoever has not made an extension may neither drop nor comment on it.
    """
    common = [name for name in source if name in target]
    if tools.major >= _EXCLUDES_EXTENSIONS:
        return tuple(f"--exclude-extension={_pattern(name)}" for name in common)
    wanted = [name for name in source if name not in target or name == _ALWAYS_THERE]
    return tuple(f"--extension={_pattern(name)}" for name in wanted) if common else ()


def _pattern(name: str) -> str:
    quoted = name.replace('"', '""')
    return f'"{quoted}"'
