"""A command of the user's that runs after each switch, and is told what happened through its environment.

It runs beside the engine: nothing waits for it, and whatever it does is one sentence in the event list.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import Kind, Level, Tell
from hotswap_tui.engine.hook_output import hide
from hotswap_tui.engine.hook_process import HookResult, HookStartError, environment, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.snapshot import SwitchOutcome

WAITING: Final = 16
"""So many switches wait for a hook that is slow; beyond them the oldest are dropped."""
_SWITCH_ID: Final = "HOTSWAP_SWITCH_ID"
_FACT_LIMIT: Final = 1000


class Hooks:
    """Runs `argv` after each switch, one at a time and in order; `tell` gets a sentence about every run."""

    def __init__(self, argv: tuple[str, ...], tell: Callable[[Tell], None]) -> None:
        self._argv = argv
        self._tell = tell
        self._name = clean(PurePath(argv[0]).name, 40)
        self._waiting: deque[Mapping[str, str]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def switched(self, outcome: SwitchOutcome, offset_s: float) -> None:
        """Run the command for `outcome`, done or not, as soon as those before have ended; returns at once.

        `offset_s` is wall time minus monotonic time.
        """
        self._waiting.append(facts(outcome, offset_s))
        if self._closing.is_set():
            self._drop("hotswap-tui ends")
        elif len(self._waiting) > WAITING:
            self._drop(f"{WAITING} newer ones wait for it")
        if self._worker is None or self._worker.done():
            self._worker = asyncio.ensure_future(self._work())

    async def aclose(self) -> None:
        """Give a running command its last two seconds; those that wait are not begun."""
        self._closing.set()
        while self._waiting:
            self._drop("hotswap-tui ends")
        if self._worker is not None:
            await asyncio.wait({self._worker})

    async def _work(self) -> None:
        while self._waiting:
            told = self._waiting.popleft()
            try:
                result = await run(self._argv, environment(os.environ, told), self._closing)
            except HookStartError as error:
                program = clean(self._argv[0])
                self._say(Level.WARNING, f"could not be started: {error}: {program}; see HOTSWAP_ON_SWITCH", told)
            else:
                self._report(result, told)

    def _report(self, result: HookResult, told: Mapping[str, str]) -> None:
        level = Level.INFO if result.exit_code == 0 and not result.ended else Level.WARNING
        data: dict[str, str | int] = {"took_ms": round(result.took_s * 1000), "output": result.output}
        if result.exit_code is not None:
            data["exit"] = result.exit_code
        self._say(level, f"{_ending(result)} after {_span(result.took_s)}", told, data)

    def _drop(self, why: str) -> None:
        told = self._waiting.popleft()
        self._say(Level.WARNING, f"was not run for switch {told[_SWITCH_ID]}: {why}", told)

    def _say(
        self, level: Level, what: str, told: Mapping[str, str], data: Mapping[str, str | int] | None = None
    ) -> None:
        figures = {"switch": int(told[_SWITCH_ID]), **(data or {})}
        self._tell(Tell(Kind.HOOK, level, f"hook {self._name} {what}", data=figures))


def facts(outcome: SwitchOutcome, offset_s: float) -> dict[str, str]:
    """Return what a hook is told about a switch: cleaned text, no connection string."""
    switch, waited = outcome.switch, outcome.waited
    started = datetime.fromtimestamp(switch.started_s + offset_s, UTC).astimezone()
    return {
        _SWITCH_ID: str(switch.id),
        "HOTSWAP_KIND": switch.kind.value,
        "HOTSWAP_SOURCE": switch.source.value,
        "HOTSWAP_TARGET": switch.target.value,
        "HOTSWAP_RESULT": outcome.result,
        "HOTSWAP_WHY": _text(switch.why),
        "HOTSWAP_BY": _text(switch.by),
        "HOTSWAP_STARTED": started.isoformat(timespec="milliseconds"),
        "HOTSWAP_TOOK_MS": str(round(outcome.took_s * 1000)),
        "HOTSWAP_ERROR": _text(outcome.error),
        "HOTSWAP_PROOF": _text(outcome.proof),
        "HOTSWAP_WAITED_CLIENTS": str(waited.clients),
        "HOTSWAP_LONGEST_WAIT_MS": str(round(waited.longest_s * 1000)),
    }


def _text(text: str) -> str:
    return hide(clean(text, _FACT_LIMIT))


def _ending(result: HookResult) -> str:
    if result.exit_code is None:
        return f"could not be ended ({result.ended}), it is left to itself"
    if result.ended:
        return f"was ended ({result.ended})"
    if result.exit_code < 0:
        return f"was ended by {_signal_name(-result.exit_code)}"
    return f"ended with exit code {result.exit_code}" if result.exit_code else "succeeded"


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
