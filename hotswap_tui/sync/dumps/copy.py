"""One database into the other: pg_dump into pg_restore, no file between them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from hotswap_tui.sync.connecting import secrets_of
from hotswap_tui.sync.dumps.access import access
from hotswap_tui.sync.dumps.client_tools import choose_for_dump, choose_for_restore, find_tools
from hotswap_tui.sync.dumps.dump import counted, dump_command
from hotswap_tui.sync.dumps.dump_source import opened
from hotswap_tui.sync.dumps.load_list import load_list, read_ahead
from hotswap_tui.sync.dumps.moving_progress import Meter
from hotswap_tui.sync.dumps.restore import feeding, restore_command, verified
from hotswap_tui.sync.dumps.streaming import Programs, pump
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.dumps.moving_progress import Tell
    from hotswap_tui.sync.dumps.restore import Loaded
    from hotswap_tui.sync.dumps.restore_target import Target


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
        with (
            access(source_dsn, "hotswap-tui copy") as there,
            access(dsn, "hotswap-tui copy") as here,
            Programs() as programs,
        ):
            dumped = programs.start(
                dump_command(dumping, there, source, secrets, ("--compress=0",)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
            )
            assert dumped.stdout is not None
            head, listing = read_ahead(programs, restoring, dumped.stdout, meter)
            with (
                restore_command(restoring, here, secrets, load_list(listing, target), clean=clean) as command,
                feeding(programs, [command], meter) as feed,
            ):
                source.begin_count()
                feed.write(head)
                done = pump(dumped.stdout, feed.write, meter.at, len(head))
                # Only a whole archive may come to its end.
                programs.require(dumped, meter.tick)
        counts = counted(source, meter)
    return verified(dsn, counts, done, meter)
