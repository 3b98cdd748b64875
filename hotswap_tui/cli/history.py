"""`hotswap-tui history`: the switches that the journal remembers, newest first."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.options import STATE_DIR, add_env_file, add_state_dir
from hotswap_tui.config.sources import SourceError
from hotswap_tui.config.state_dir import find_state_dir
from hotswap_tui.core.text import clean
from hotswap_tui.engine.journal_read import read_history
from hotswap_tui.engine.ports import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.engine.ports import SwitchRecord

DEFAULT_LIMIT: Final = 20

_EPILOG: Final = """\
With --json: one array, newest first, of objects with the keys
  id            number of the switch
  kind          failover, failback, manual or repair
  from, to      primary or secondary
  started       ISO 8601 with offset
  finished      the same; null while it is not finished
  took_s        seconds; null while it is not finished
  result        done, failed or cancelled; unfinished while it is not finished
  error         why it failed; empty otherwise
  why           the reason, one sentence
  automatic     whether automation decided it
  by            who asked for it; null when automation did
  cancelled_by  who stopped it; null when nobody did
  forced        whether an unhealthy target was insisted on
  attempts      how often it was tried
  was_down      primary or secondary: which database had been down; null when neither had
  was_down_s    for how many seconds; null when neither had

Exit codes: 0 printed, also when there is nothing; 1 the journal cannot be read; 2 wrong usage.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "history",
        help="print the switches: when, from, to, why, how long, who",
        description="Print the switches, newest first. An engine may be running or not.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array (default: a table)")
    parser.add_argument(
        "--limit", type=_count, default=DEFAULT_LIMIT, metavar="N", help="print the newest N (default: %(default)s)"
    )
    add_env_file(parser)
    add_state_dir(parser)
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return number


def run(args: argparse.Namespace) -> int:
    """Print the switches in the state directory; return the exit code."""
    given = vars(args)[STATE_DIR]
    try:
        environ = os.environ if given is None else {**os.environ, STATE_DIR: given}
        records = read_history(find_state_dir(environ, args.env_file), args.limit)
    except SourceError as error:
        streams.complain(f"hotswap-tui history: {error}")
        return exit_codes.USAGE
    except JournalError as error:
        streams.complain(f"hotswap-tui history: {error}")
        return exit_codes.FAILED
    if args.json:
        _print([json.dumps([_fields(record) for record in records], indent=2)])
    elif records:
        _print(_table(records, shutil.get_terminal_size().columns))
    else:
        streams.complain("no switch has happened yet")
    return exit_codes.OK


def _print(lines: Iterable[str]) -> None:
    """Print in whatever encoding the output has."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        print(line.replace("→", _arrow(encoding)).encode(encoding, "replace").decode(encoding))


def _arrow(encoding: str) -> str:
    try:
        "→".encode(encoding)
    except UnicodeEncodeError:
        return "->"
    return "→"


def _table(records: Sequence[SwitchRecord], width: int) -> list[str]:
    rows = [("WHEN", "KIND", "FROM → TO", "TOOK", "RESULT", "BY"), *(_cells(record) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in rows]
    table = lines[:1]
    for record, line in zip(records, lines[1:], strict=True):
        told = textwrap.wrap(_story(record), max(40, width - 1), initial_indent="  ", subsequent_indent="  ")
        table += [line, *told]
    return table


def _cells(record: SwitchRecord) -> tuple[str, ...]:
    switch, took_s = record.switch, _took_s(record)
    return (
        f"{_local(record.started_wall_s):%Y-%m-%d %H:%M:%S}",
        switch.kind.value,
        f"{switch.source} → {switch.target}",
        "" if took_s is None else duration(took_s),
        record.result or "unfinished",
        "automatic" if switch.automatic else clean(switch.by, 40),
    )


def _story(record: SwitchRecord) -> str:
    switch = record.switch
    parts = [clean(switch.why)]
    if record.down is not None:
        parts.append(f"{record.down} was down for {duration(record.down_s)}")
    if switch.forced:
        parts.append("forced")
    if switch.attempt > 1:
        parts.append(f"attempt {switch.attempt}")
    if switch.cancelled_by:
        parts.append(f"cancelled by {clean(switch.cancelled_by, 40)}")
    if record.error:
        parts.append(clean(record.error))
    return "; ".join(part for part in parts if part)


def _fields(record: SwitchRecord) -> dict[str, Any]:
    switch = record.switch
    return {
        "id": switch.id,
        "kind": switch.kind.value,
        "from": switch.source.value,
        "to": switch.target.value,
        "started": _local(record.started_wall_s).isoformat(timespec="milliseconds"),
        "finished": None
        if record.finished_wall_s is None
        else _local(record.finished_wall_s).isoformat(timespec="milliseconds"),
        "took_s": _took_s(record),
        "result": record.result or "unfinished",
        "error": record.error,
        "why": switch.why,
        "automatic": switch.automatic,
        "by": switch.by or None,
        "cancelled_by": switch.cancelled_by or None,
        "forced": switch.forced,
        "attempts": switch.attempt,
        "was_down": record.down,
        "was_down_s": None if record.down is None else record.down_s,
    }


def _took_s(record: SwitchRecord) -> float | None:
    """Return the seconds from start to end; a clock that was set back meanwhile makes it 0."""
    return (
        None if record.finished_wall_s is None else round(max(0.0, record.finished_wall_s - record.started_wall_s), 3)
    )


def duration(seconds: float) -> str:
    """Return `seconds` as a person says them: 0.4 s, 15 s, 3m 12s, 2h 05m, 4d 03h."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3600:02d}h"


def _local(wall_s: float) -> datetime:
    return datetime.fromtimestamp(wall_s, UTC).astimezone()
