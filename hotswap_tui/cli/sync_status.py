"""`hotswap-tui sync status`: look at both databases now, and say what a switch would lose."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, plain_text
from hotswap_tui.cli.options import add_settings_options
from hotswap_tui.cli.sync_steps import load_pair

if TYPE_CHECKING:
    from hotswap_tui.api.moments import Moments
    from hotswap_tui.config import Loaded
    from hotswap_tui.core.sync import Flow, SyncReading

LATE_S: Final = 30.0
"""Behind by more than this is worth an exit code where DB_MAX_LAG sets no limit."""
_DESCRIPTION: Final = """\
Look at both databases now and print what they have in common: how writes get from one to the other, how far that is behind, what the
replication slots keep, how schema, sequences and rows differ. It asks the databases itself, changes nothing, and needs no engine.
"""
_EPILOG: Final = f"""\
What was written on the secondary since a failover is known to the engine, which noted where it stood: failback --dossier prints it.

With --json: one object, the same as `sync` in `/api/status` (durations in seconds, moments in ISO 8601, null: not known).

{exit_codes.table(exit_codes.SYNC_STATUS)}
"""
_NAME: Final = "hotswap-tui sync status"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "status",
        help="say what the two databases have in common, and what a switch would lose now",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object (default: lines)")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, print, and return the exit code."""
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    loaded = load_pair(args)
    if loaded is None:
        return exit_codes.USAGE
    if not args.json:
        plain_text.tell([f"{_NAME}: asking both databases; the engine, if one runs, is not asked"])
    try:
        reading, moments = asyncio.run(_look(loaded))
    except KeyboardInterrupt:
        plain_text.tell(["interrupted"])
        return exit_codes.INTERRUPTED
    _print(reading, moments, as_json=args.json)
    max_lag_ms = loaded.settings.max_lag_ms
    return exit_code(reading, LATE_S if max_lag_ms is None else max_lag_ms / 1000)


async def _look(loaded: Loaded) -> tuple[SyncReading, Moments]:
    import asyncio  # noqa: PLC0415
    import time  # noqa: PLC0415

    from hotswap_tui.api.moments import Moments  # noqa: PLC0415
    from hotswap_tui.core.values import Role  # noqa: PLC0415
    from hotswap_tui.engine.ports import SyncQuestion  # noqa: PLC0415
    from hotswap_tui.sync.known import Known  # noqa: PLC0415
    from hotswap_tui.sync.look.reader import PairReader  # noqa: PLC0415

    assert loaded.secondary is not None
    reader = PairReader({Role.PRIMARY: loaded.primary, Role.SECONDARY: loaded.secondary}, Known())
    reading = await reader.read(SyncQuestion(Role.PRIMARY, frozenset(Role)))
    now_s = asyncio.get_running_loop().time()
    return reading, Moments(now_s, time.time() - now_s)


def _print(reading: SyncReading, moments: Moments, *, as_json: bool) -> None:
    from hotswap_tui.api.sync_document import sync_document  # noqa: PLC0415
    from hotswap_tui.core.sync_words import sync_lines  # noqa: PLC0415

    if as_json:
        print(json.dumps(sync_document(reading, moments), indent=2))
    else:
        plain_text.say(sync_lines(reading, moments.now_s))


def exit_code(reading: SyncReading, late_s: float) -> int:
    """Return what the reading comes to; a flow may be `late_s` behind."""
    from hotswap_tui.core.sync import Relation  # noqa: PLC0415

    if reading.primary_error or reading.secondary_error:
        return exit_codes.UNKNOWN
    if reading.relation in {Relation.UNRELATED, Relation.PROMOTED, Relation.SAME, Relation.LOGICAL_BACK}:
        return exit_codes.FAILED
    worse = (
        any(_is_behind(flow, late_s) for flow in reading.flows),
        any(slot.lost for slot in reading.slots),
        reading.schema is None or reading.schema.differences > 0,
        # Under logical replication sequences always stay behind; a switch moves them.
        reading.relation is Relation.HEARTBEAT and bool(reading.sequences_behind),
    )
    return exit_codes.FAILED if any(worse) else exit_codes.OK


def _is_behind(flow: Flow, late_s: float) -> bool:
    stopped = not flow.streaming or bool(flow.missing) or bool(flow.not_ready)
    return stopped or flow.lag_s is None or flow.lag_s > late_s
