"""`hotswap-tui check`: the doctor, which looks at everything a failover needs and says how to mend what is wrong."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, plain_text, streams
from hotswap_tui.cli.options import add_settings_options, overrides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hotswap_tui.doctor.finding import Finding

_DESCRIPTION = """\
Look for everything that could keep a failover from working, and say how to mend it: the settings, the files they are in, both
databases, how the data gets from one to the other, the gateway, the engine. Nothing is changed anywhere, and nothing is written
to a database. It runs beside an engine, and also where the settings are wrong.
"""
_EPILOG = """\
Each finding is one line (wrapped on a terminal) with what to do behind an arrow:
  ●  +  ok        as it should be
  ·  .  note      worth knowing
  ▲  !  warning   a failover works, but worse than it could
  ?  ?  unseen    it could not be looked at
  ✗  x  problem   a failover does not work, or does harm

With --json: one array of objects, in the same order, with the keys
  check    what was looked at: settings, tuning, loops, hook, notify, api, env-file, git, state-directory, disk, dns,
           reachable, tls, version, writable, clock, privileges, connections, pooler, same-server, latency,
           replication, slots, schema, sequences, guards, gateway, gateway-settings, gateway-target, gateway-held, engine
  level    ok, note, warning, unseen or problem
  subject  what it is about: primary, secondary, both, a file, a setting, …
  text     what was found
  fix      what to do; empty where nothing has to be done

Each database is given DB_CONNECTION_TIMEOUT for the engine's own check and once more for the rest, both at the same time. Those
that answered are then compared in one look of the engine's, which takes 15 s at most, and a fraction of a second as a rule.

Exit codes, as monitoring plugins have them: 0 all is well, notes included; 1 warnings; 2 problems, or wrong usage; 3 no problem, but
something could not be looked at.
"""
_MARKS: Final = {"ok": "●", "note": "·", "warning": "▲", "unseen": "?", "problem": "✗"}
_CODES: Final = {
    "ok": exit_codes.OK,
    "note": exit_codes.OK,
    "warning": exit_codes.WARNINGS,
    "unseen": exit_codes.UNSEEN,
    "problem": exit_codes.PROBLEMS,
}
_PLURALS: Final = {"ok": "ok", "note": "notes", "warning": "warnings", "unseen": "unseen", "problem": "problems"}
_ARROW: Final = "→"
_NARROWEST: Final = 40


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "check", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array (default: lines)")
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="leave out what is as it should be, also from --json (default: print everything)",
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, print what was found as it is found, and return the exit code."""
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    begun_s = time.monotonic()
    try:
        found = asyncio.run(_look(args))
    except KeyboardInterrupt:
        streams.complain("interrupted")
        return exit_codes.UNSEEN
    if args.json:
        shown = _shown(found, quiet=args.quiet)
        print(json.dumps([fields(finding) for finding in shown], indent=2))
    else:
        plain_text.tell([_summary(found, time.monotonic() - begun_s)])
    return exit_code(found)


def exit_code(found: Iterable[Finding]) -> int:
    """Return the exit code of the worst finding."""
    from hotswap_tui.doctor.finding import worst  # noqa: PLC0415

    return _CODES[worst(found).name.lower()]


def fields(finding: Finding) -> dict[str, str]:
    """Return what `check --help` says about one object."""
    return {
        "check": finding.check.value,
        "level": finding.level.name.lower(),
        "subject": str(finding.subject),
        "text": finding.text,
        "fix": finding.fix,
    }


def lines(finding: Finding, width: int | None) -> Iterator[str]:
    """Yield a finding, in one line where there is no `width`."""
    told = f"{_MARKS[finding.level.name.lower()]} {finding.subject}: {finding.text}"
    if width is None:
        yield f"{told} {_ARROW} {finding.fix}" if finding.fix else told
        return
    yield from _indented(told, width, "  ", "    ")
    if finding.fix:
        yield from _indented(f"{_ARROW} {finding.fix}", width, "    ", "      ")


async def _look(args: argparse.Namespace) -> list[Finding]:
    from hotswap_tui.doctor.examination import examine  # noqa: PLC0415
    from hotswap_tui.doctor.subject import Sources, read  # noqa: PLC0415

    sources = Sources(overrides(args), os.environ, args.env_file, Path.cwd(), args.profile)
    width = max(_NARROWEST, shutil.get_terminal_size().columns - 1) if sys.stdout.isatty() else None
    found: list[Finding] = []
    printer = _Printer(width)
    async for section in examine(read(sources), os.environ):
        found += section
        if not args.json:
            printer.print(_shown(section, quiet=args.quiet))
    return found


def _shown(found: Iterable[Finding], *, quiet: bool) -> list[Finding]:
    return [finding for finding in found if not (quiet and finding.level.name == "OK")]


class _Printer:
    """Print findings below the names of their sections."""

    def __init__(self, width: int | None) -> None:
        self._width = width
        self._group = ""

    def print(self, found: Iterable[Finding]) -> None:
        for finding in found:
            if finding.check.group != self._group:
                self._group = finding.check.group
                plain_text.say([self._group])
            plain_text.say(lines(finding, self._width))


def _indented(text: str, width: int, first: str, rest: str) -> Iterator[str]:
    for number, line in enumerate(plain_text.wrap(text, width - len(rest))):
        yield (rest if number else first) + line


def _summary(found: Iterable[Finding], took_s: float) -> str:
    counts = Counter(finding.level.name.lower() for finding in found)
    parts = (
        f"{_MARKS[name]} {count} {name if count == 1 else _PLURALS[name]}"
        for name in reversed(_MARKS)
        if (count := counts[name])
    )
    return f"{'  '.join(parts)}   looked for {took_s:.1f} s"
