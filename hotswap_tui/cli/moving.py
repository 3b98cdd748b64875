"""What `switch`, `failback` and `repair` have in common: show, ask, send, and follow until the outcome is known."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from hotswap_tui.api.client import (
    EngineFailedError,
    NoEngineError,
    NotAllowedError,
    UnansweredError,
    WireError,
    read_history,
    read_snapshot,
    send,
)
from hotswap_tui.api.listening import Lost, heard
from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.asking import NO_TERMINAL, agreed, can_ask, proposal_lines
from hotswap_tui.cli.plain_text import say, tell
from hotswap_tui.cli.switch_course import LOOK, Course, Ending
from hotswap_tui.core.errors import RefusedError, StaleRequestError
from hotswap_tui.core.outcome_words import latest_switch
from hotswap_tui.core.proposal import changes, obstacle
from hotswap_tui.engine.operator import operator

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from hotswap_tui.cli.engine_options import Reached
    from hotswap_tui.core.proposal import Proposal
    from hotswap_tui.core.snapshot import Snapshot

    Propose = Callable[[Snapshot], Proposal]

PATIENCE_S: Final = 30.0
"""How long an engine may be silent, or a switch's outcome unknown, until this command gives up waiting."""
NOT_SEEN: Final = "unknown: the switch was begun, and its end was not seen"
ENGINE_ERRORS: Final = (NoEngineError, NotAllowedError, EngineFailedError, WireError)
"""What can go wrong between this command and the engine."""
_RESULTS: Final = {"done": exit_codes.OK, "failed": exit_codes.FAILED, "cancelled": exit_codes.FAILED}


def move(reached: Reached, args: argparse.Namespace, propose: Propose) -> int:
    """Have traffic moved as `propose` says, once a person has agreed; return the exit code."""
    if not args.yes and not can_ask():
        tell([NO_TERMINAL])
        return exit_codes.USAGE
    path, seen = reached
    while True:
        proposal = propose(seen)
        tell(proposal_lines(proposal, seen, time.monotonic()))
        if obstacle(proposal, seen):
            return exit_codes.NOTHING_DONE
        if not args.yes and not agreed(proposal.verb, proposal.word):
            tell(["nothing was done"])
            return exit_codes.NOTHING_DONE
        try:
            sent = asyncio.run(send(path, proposal.make(operator())))
        except StaleRequestError:
            now = asyncio.run(read_snapshot(path))
            tell([f"the situation has changed: {changes(seen, now)}. Nothing was done"])
            if args.yes:
                return exit_codes.NOTHING_DONE
            seen = now
            continue
        except RefusedError as error:
            tell([f"refused: {error}"])
            return exit_codes.NOTHING_DONE
        return _begun(path, Course(latest_switch(seen)), sent, wait=not args.no_wait)


def _begun(path: Path, course: Course, sent: Snapshot, *, wait: bool) -> int:
    tell(course.see(sent))
    if course.ending is None and not wait:
        tell(["asked for; `hotswap-tui status --watch` shows how it goes"])
        return exit_codes.OK
    try:
        ending = course.ending or asyncio.run(_outcome(path, course))
    except KeyboardInterrupt:
        ending = Ending(
            exit_codes.OUTCOME_UNKNOWN, f"not waited for; the switch goes on: `hotswap-tui cancel`, or {LOOK}"
        )
    except ENGINE_ERRORS as error:
        ending = Ending(exit_codes.OUTCOME_UNKNOWN, f"{NOT_SEEN}: {error}; {LOOK}")
    say([ending.words])
    return ending.code


async def _outcome(path: Path, course: Course) -> Ending:
    """Follow the switch to its end, saying what happens on the way."""
    unknown_since_s: float | None = None
    async with aclosing(heard(path)) as updates:
        async for update in updates:
            now_s = asyncio.get_running_loop().time()
            if isinstance(update, Lost):
                if now_s - update.since_s > PATIENCE_S:
                    return Ending(exit_codes.OUTCOME_UNKNOWN, f"{NOT_SEEN}: the engine: {update.why}; {LOOK}")
                continue
            tell(course.see(update.snapshot))
            if course.ending is not None:
                return course.ending
            if course.lost:
                return await _from_journal(path, course)
            unknown_since_s = (unknown_since_s or now_s) if course.unknown else None
            if unknown_since_s is not None and now_s - unknown_since_s > PATIENCE_S:
                return Ending(exit_codes.OUTCOME_UNKNOWN, course.unknown)
    return Ending(exit_codes.OUTCOME_UNKNOWN, f"{NOT_SEEN}; {LOOK}")


async def _from_journal(path: Path, course: Course) -> Ending:
    """Return what an engine that was restarted meanwhile has read in its journal about the switch."""
    for past in await read_history(path, 10):
        if past.get("id") == course.switch_id and past.get("result") in _RESULTS:
            words = f"{past['result']}, as the journal says, in which the engine has found it after a restart"
            error = f": {past['error']}" if past.get("error") else ""
            return Ending(_RESULTS[past["result"]], f"{words}{error}")
    return Ending(exit_codes.OUTCOME_UNKNOWN, f"{NOT_SEEN}: the engine was restarted meanwhile; {LOOK}")


def interrupted() -> int:
    """Say that nobody has waited for the engine's answer; return the exit code."""
    tell([f"unknown: it was asked for, and the answer was not waited for; {LOOK}"])
    return exit_codes.OUTCOME_UNKNOWN


def unanswered(error: OSError) -> int:
    """Say why the engine has not said that it did what was asked; return the exit code: unknown, unless nothing was asked."""
    tell([str(error)])
    unasked = isinstance(error, NoEngineError | NotAllowedError) and not isinstance(error, UnansweredError)
    return exit_codes.NO_ENGINE if unasked else exit_codes.OUTCOME_UNKNOWN
