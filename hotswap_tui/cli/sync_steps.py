"""What `sync setup` and `sync teardown` have in common: settings, statements before they run, and the question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, plain_text, streams
from hotswap_tui.cli.asking import NO_TERMINAL, agreed, can_ask
from hotswap_tui.cli.options import load_settings
from hotswap_tui.core.values import HOT_SWAP_HINT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from hotswap_tui.config import Loaded
    from hotswap_tui.sync.replication.requirement import Requirement
    from hotswap_tui.sync.replication.statements import Statement

_MARKS: Final = {"ok": "●", "note": "·", "warning": "▲", "problem": "✗"}
_ROLE: Final = 9


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what both have."""
    parser.add_argument(
        "--dry-run", action="store_true", help="print every statement and change nothing (default: run them)"
    )
    parser.add_argument("--yes", action="store_true", help="do it without being asked (default: ask)")


def load_pair(args: argparse.Namespace) -> Loaded | None:
    """Return the settings with both databases; None when they have been complained about."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings

    try:
        loaded = load_settings(args)
    except SettingsError as error:
        streams.complain(str(error))
        return None
    if loaded.secondary is None:
        streams.complain(HOT_SWAP_HINT)
        return None
    return loaded


def say_statement(statement: Statement) -> None:
    """Print a statement, its secrets masked, and where it runs."""
    plain_text.say([_line(statement)])


def _line(statement: Statement) -> str:
    return f"{statement.role:<{_ROLE}}  {statement.shown};"


def tell_requirements(found: Iterable[Requirement], *, whole: bool) -> None:
    """Narrate what was found, what to do behind an arrow; what is as it should be is only counted unless `whole`."""
    met = 0
    for requirement in found:
        name = requirement.level.name.lower()
        if name == "ok" and not whole:
            met += 1
            continue
        told = f"{_MARKS[name]} {requirement.subject}: {requirement.text}"
        plain_text.tell([f"{told} → {requirement.fix}" if requirement.fix else told])
    if met:
        plain_text.tell([f"{_MARKS['ok']} {met} requirements are met"])


def is_told_and_agreed(args: argparse.Namespace, planned: Sequence[Statement]) -> bool:
    """Say whether to run what is planned, by `--yes` or the answer of a person who was shown it."""
    if args.yes:
        return True
    plain_text.tell([f"{len(planned)} statements are to run:", *(f"  {_line(statement)}" for statement in planned)])
    if not can_ask():
        streams.complain(NO_TERMINAL)
        return False
    return agreed("run them", "")


def refused(line: str) -> int:
    """Say why nothing was done; return the exit code."""
    plain_text.tell([line])
    return exit_codes.NOTHING_DONE


def failed(error: Exception) -> int:
    """Say what went wrong; return the exit code."""
    plain_text.tell([str(error)])
    return exit_codes.FAILED
