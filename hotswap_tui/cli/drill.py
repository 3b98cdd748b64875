"""`hotswap-tui drill`: practise failover and failback, and report what it cost."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.durations import span_s
from hotswap_tui.cli.engine_options import add_engine_options, surroundings, with_engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.cli.engine_options import Reached
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.drill.order import Order

_DESCRIPTION: Final = """\
Practise failover and failback. Without --automatic traffic is switched to the secondary by hand, stays there for --stay, and is
brought back; automatic switching is off meanwhile and on again at the end. With --automatic the engine calls checks of the primary
failed on purpose, so that automation itself fails over and, as the settings say, back.

It is cut short and everything is put back when a leg takes longer than the budget, fails, or nobody knows how it ended; when the
secondary fails, the engine falls silent, or this program is told to end (Ctrl-C, SIGTERM, SIGHUP). Where somebody else moves traffic
meanwhile, a real failover included, the drill steps back and says so.
"""
_EPILOG: Final = """\
What happens is told on standard error. The report on standard output, and in --report FILE, says for each leg the time from decision
to proof, whom it kept waiting, and its steps; and what two clients of the gateway have met that asked all the while, one on a
connection that it kept, one on a new one for each question. They need HOTSWAP_GATEWAY (also by --env-file) and its files.

With --json: one object with the keys
  verdict       PASSED; ABORTED: cut short or too slow, and everything is as it was; FAILED: a person must look
  why           why it did not pass; empty when it did
  standing      who serves now, whether automation acts, and what to do
  kind          planned or automatic
  began, ended  ISO 8601 with offset
  by            who drilled
  database, primary, secondary, gateway, version, engine_pid, budget_s, stay_s
  away, back    both legs: as an object of `hotswap-tui history --json`; null for one that did not happen
  clients       measured, and reason or kept and anew: answers, errors, longest_wait_s, longest_wait_at,
                longest_outage_s (the longest time without an answer), answered_by, failures (the first few)
  mode_before, mode_after  armed, by, why
With --dry-run --json: would_run, kind, obstacles, steps (what, expected_s, limit_s, plan, clients), risks.

"""
_CODES: Final = {"PASSED": exit_codes.OK, "ABORTED": exit_codes.PUT_BACK, "FAILED": exit_codes.LEFT}
_HISTORY: Final = 100
_INDENT: Final = 13
_WORD: Final = "drill"
_NARROWEST: Final = 40


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "drill",
        description=_DESCRIPTION,
        epilog=_EPILOG + exit_codes.table(exit_codes.DRILL),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--planned", action="store_true", help="switch by hand (default)")
    kind.add_argument(
        "--automatic", action="store_true", help="let automation fail over and back (default: switch by hand)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would happen now, and do nothing")
    parser.add_argument(
        "--budget",
        type=span_s,
        default=60.0,
        metavar="TIME",
        help="most time for each leg, from decision to proof (default: 60s)",
    )
    parser.add_argument(
        "--stay",
        type=span_s,
        default=10.0,
        metavar="TIME",
        help="how long the secondary serves until a failback by hand (default: 10s)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write the report here, too, as JSON where the name ends in .json; into a directory as JSON under a name with the "
        "date (default: do not)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object (default: lines)")
    parser.add_argument("--yes", action="store_true", help="do not ask (default: ask on the terminal)")
    add_engine_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hold the drill, or say what it would do; return the exit code."""
    from hotswap_tui.cli.asking import NO_TERMINAL, can_ask  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415

    if not (args.dry_run or args.yes or can_ask()):
        tell([NO_TERMINAL])
        return exit_codes.USAGE
    if args.report is not None and (problem := _unwritable(args.report)):
        tell([f"--report {args.report}: {problem}"])
        return exit_codes.USAGE
    return with_engine(args, "drill", lambda reached: _with(reached, args))


def _with(reached: Reached, args: argparse.Namespace) -> int:
    from hotswap_tui.drill.rehearsal import lines, rehearsal  # noqa: PLC0415 - as above

    path, snapshot = reached
    history = _history(path)
    order = _order(args, snapshot, history)
    told = rehearsal(snapshot, order, history)
    if args.dry_run:
        _print(told, lines(told, dry=True), as_json=args.json)
        return exit_codes.OK if told["would_run"] else exit_codes.NOT_NOW
    return _drill(reached, args, order, told)


def _drill(reached: Reached, args: argparse.Namespace, order: Order, told: dict[str, Any]) -> int:
    import asyncio  # noqa: PLC0415 - as above

    from hotswap_tui.cli.asking import agreed  # noqa: PLC0415
    from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415
    from hotswap_tui.drill.entrance import entrance  # noqa: PLC0415
    from hotswap_tui.drill.rehearsal import lines  # noqa: PLC0415
    from hotswap_tui.drill.run import drill  # noqa: PLC0415
    from hotswap_tui.engine.operator import operator  # noqa: PLC0415

    path, snapshot = reached
    tell(_broken(lines(told, dry=False), sys.stderr.isatty()))
    if not told["would_run"]:
        return exit_codes.NOTHING_DONE
    if not args.yes and not agreed(_WORD, _WORD):
        tell(["nothing was done"])
        return exit_codes.NOTHING_DONE
    way_in = entrance(snapshot, surroundings(args), args.env_file)
    verdict, refusal, report = asyncio.run(
        drill(path, order, snapshot, operator(), way_in, lambda line: tell([f"{time.strftime('%H:%M:%S')}  {line}"]))
    )
    if refusal:
        tell([f"refused: {refusal}"])
        return exit_codes.NOTHING_DONE
    return _reported(report, args, _CODES[verdict.value])


def _reported(report: dict[str, Any], args: argparse.Namespace, code: int) -> int:
    """Print and write the report; return `code`, or that it could not be written where that is all that went wrong."""
    from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415 - as above
    from hotswap_tui.drill.report_text import lines, verdict_line  # noqa: PLC0415
    from hotswap_tui.routing.atomic import replace  # noqa: PLC0415

    if args.report is not None:
        path = _file_in(args.report, report)
        text = json.dumps(report, indent=2) if path.suffix == ".json" else "\n".join(lines(report))
        try:
            replace(path, f"{text}\n", 0o600)
        except OSError as error:
            tell([f"--report {path}: {error.strerror or error}"])
            code = code or exit_codes.FAILED
    _print(report, lines(report), as_json=args.json)
    if args.json:
        tell([f"{verdict_line(report)}: {report['standing']}"])
    return code


def _order(args: argparse.Namespace, snapshot: Snapshot, history: Sequence[dict[str, Any]]) -> Order:
    from hotswap_tui.drill.order import Order  # noqa: PLC0415 - as above
    from hotswap_tui.drill.rehearsal import failovers_in_hour  # noqa: PLC0415
    from hotswap_tui.drill.timing import timing  # noqa: PLC0415

    expected = timing(snapshot.policy, failovers_in_hour(history, snapshot.wall_s))
    return Order(args.automatic, args.budget, args.stay, expected)


def _history(path: Path) -> list[dict[str, Any]]:
    """Return past switches; none where the journal cannot be read, which is no reason not to drill."""
    import asyncio  # noqa: PLC0415 - as above

    from hotswap_tui.api.client import read_history  # noqa: PLC0415

    with suppress(OSError):
        return asyncio.run(read_history(path, _HISTORY))
    return []


def _unwritable(report: Path) -> str:
    """Return why the report could not be written: that must not turn out when the drill is over."""
    import os  # noqa: PLC0415 - as above

    directory = report if report.is_dir() else report.parent
    if not directory.is_dir():
        return f"there is no directory {directory}"
    return "" if os.access(directory, os.W_OK | os.X_OK) else f"{directory} cannot be written to"


def _file_in(given: Path, report: dict[str, Any]) -> Path:
    if not given.is_dir():
        return given
    moment = report["began"][:19].replace(":", "").replace("T", "-")
    return given / f"drill-{moment}.json"


def _print(document: dict[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Print to whoever still reads: the exit code says more than a broken pipe."""
    from hotswap_tui.cli.plain_text import say  # noqa: PLC0415 - as above

    with suppress(OSError):
        if as_json:
            print(json.dumps(document, indent=2), flush=True)
        else:
            say(_broken(lines, sys.stdout.isatty()))


def _broken(lines: Iterable[str], on_terminal: bool) -> list[str]:  # noqa: FBT001 - asked of each stream
    """Return the lines, those that are too long for a terminal in several."""
    import shutil  # noqa: PLC0415 - as above

    from hotswap_tui.cli.plain_text import wrap  # noqa: PLC0415

    if not on_terminal:
        return list(lines)
    width = max(_NARROWEST, shutil.get_terminal_size().columns - 1)
    told = []
    for line in lines:
        first, *more = wrap(line[_INDENT:], width - _INDENT) if len(line) > width else [line[_INDENT:]]
        told += [line[:_INDENT] + first, *(" " * _INDENT + piece for piece in more)]
    return told
