"""Events as lines: the log's own words with their time, or one JSON object each."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from hotswap_tui.api.client import read_events
from hotswap_tui.api.listening import Lost, heard
from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import failed
from hotswap_tui.cli.moving import ENGINE_ERRORS
from hotswap_tui.cli.plain_text import say, tell
from hotswap_tui.core.text import clean
from hotswap_tui.core.time_words import clock_time
from hotswap_tui.core.values import Kind
from hotswap_tui.engine.log import json_line
from hotswap_tui.engine.log_words import PREFIX, reference_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hotswap_tui.core.values import Event

    Choose = Callable[[Sequence[Event]], Sequence[Event]]

_MOMENT = "%Y-%m-%d %H:%M:%S"


def event_line(event: Event, *, as_json: bool) -> str | None:
    """Return the line of `event`; None where the log leaves the word to the lines before and after."""
    if as_json:
        return json_line(event)
    line = reference_line(event)
    if line is None and event.kind is Kind.STARTED:
        line = PREFIX + clean(event.text)
    return None if line is None else f"{clock_time(event.wall_s, None, _MOMENT)}  {line}"


def print_events(told: Sequence[Event], *, as_json: bool) -> None:
    """Print `told`."""
    say(line for event in told if (line := event_line(event, as_json=as_json)) is not None)


def print_newest(path: Path, limit: int, choose: Choose, *, as_json: bool) -> int:
    """Print what `choose` takes of the newest events of the engine at `path`; return the exit code."""
    try:
        told = asyncio.run(read_events(path, limit))
    except ENGINE_ERRORS as error:
        return failed("logs", error, exit_codes.NO_ENGINE)
    print_events(choose(told), as_json=as_json)
    return exit_codes.OK


def follow(path: Path, choose: Choose, *, as_json: bool) -> int:
    """Print the same, then every event as it is told, until Ctrl-C; return the exit code."""
    try:
        asyncio.run(_follow(path, choose, as_json=as_json))
    except KeyboardInterrupt:
        return exit_codes.OK
    except ENGINE_ERRORS as error:
        return failed("logs", error, exit_codes.NO_ENGINE)
    return exit_codes.OK


async def _follow(path: Path, choose: Choose, *, as_json: bool) -> None:
    last: int | None = None
    silent = False
    async with aclosing(heard(path)) as updates:
        async for update in updates:
            if isinstance(update, Lost):
                if not silent:
                    tell([f"no engine answers: {update.why}; waiting for one"])
                silent = True
                continue
            silent = False
            newest = max((event.id for event in update.events), default=last or 0)
            begun_anew = last is None or newest < last  # an engine without its journal counts from one again
            told = choose(update.events) if begun_anew else [e for e in update.events if e.id > (last or 0)]
            print_events(told, as_json=as_json)
            last = newest
