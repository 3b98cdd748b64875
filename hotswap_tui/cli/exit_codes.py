"""What this program's exit codes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = 0
FAILED = 1
USAGE = 2
"""Wrong usage or settings; standard error says what to change."""
LOCKED = 3
"""Another engine controls the state directory."""
TERMINAL = 4
"""This terminal cannot show the dashboard."""
NO_ENGINE = 5
"""No engine answers on its control socket, or it may not be asked; nothing was done."""
NOTHING_DONE = 6
"""The engine refused, the situation had changed, or the person said no; standard error says which."""
OUTCOME_UNKNOWN = 7
"""The switch was begun, and nobody has seen how it ended; standard error says what to look at."""
UNHEARD = 8
"""HOTSWAP_LISTEN or the control socket is not to be had, so nobody could ask the engine; standard error says who has it."""
INTERRUPTED = 130
"""Ctrl-C ended it before it knew anything: of no command's own meanings, as in a shell."""

DEGRADED = 1
"""Of `status`: a database serves and something is not as it should be, or the secondary serves."""
NOT_SERVING = 2
"""Of `status`: no database serves, or applications do not reach it."""
UNKNOWN = 3
"""Of `status`: no engine says how things are, or it does not know yet."""
NOT_INSTALLED = 4
"""Of `service status`: there is no unit."""

SERVE: Mapping[int, str] = {
    OK: "it was told to end, and has",
    FAILED: "it cannot go on; standard error says why",
    USAGE: "the settings are wrong; standard error says what to change",
    LOCKED: "another engine has the state directory, or the gateway",
    UNHEARD: "HOTSWAP_LISTEN or the control socket is not to be had",
}
"""What the codes of `serve` mean; its service is started again after all but the settings' own."""
SERVICE: Mapping[int, str] = {
    OK: "the service runs",
    FAILED: "it is installed and does not run, or nobody can say",
    NOT_INSTALLED: "it is not installed",
}
"""What the codes of `service status` mean."""

STATUS: Mapping[int, str] = {
    OK: "healthy: the primary serves, and what is configured works",
    DEGRADED: "degraded: not all is well, the secondary serves, or automation is off",
    NOT_SERVING: "no database serves, or applications do not reach it; also wrong usage",
    UNKNOWN: "unknown: no engine says how things are, or it has not yet looked",
}
"""What the codes of `status` mean; a monitoring plug-in has the same."""
MOVING: Mapping[int, str] = {
    OK: "done; with --no-wait: begun",
    FAILED: "failed or cancelled; the sentence says where traffic is",
    USAGE: "wrong usage, or nobody to ask",
    NO_ENGINE: "no engine answers; nothing was done",
    NOTHING_DONE: "refused, changed meanwhile, or not agreed to; nothing was done",
    OUTCOME_UNKNOWN: "unknown; the sentence says what to look at",
}
"""What the codes of `switch`, `failback` and `repair` mean."""
REQUESTS: Mapping[int, str] = {
    OK: "done",
    USAGE: "wrong usage, or nobody to ask",
    NO_ENGINE: MOVING[NO_ENGINE],
    NOTHING_DONE: "refused, or not agreed to; nothing was done",
    OUTCOME_UNKNOWN: "no answer came, and it is not known whether it was done",
}
"""What the codes of `arm`, `disarm` and `cancel` mean."""
LOGS: Mapping[int, str] = {
    OK: "printed, also when there is nothing",
    FAILED: "there is neither an engine nor a journal that can be read",
    USAGE: "wrong usage",
    NO_ENGINE: "no engine answers at --socket, or to --follow",
}
"""What the codes of `logs` mean."""


PUT_BACK = 9
"""Of `drill`: it did not pass, and everything is as it was."""
LEFT = 10
"""Of `drill`: not everything is as it was, or nobody knows; a person must look."""
NOT_NOW = 11
"""Of `drill --dry-run`: it would be refused now."""
DRILL: Mapping[int, str] = {
    OK: "passed; with --dry-run: it would run",
    FAILED: "it passed, and --report could not be written",
    USAGE: "wrong usage, or nobody to ask",
    NO_ENGINE: MOVING[NO_ENGINE],
    NOTHING_DONE: MOVING[NOTHING_DONE],
    PUT_BACK: "aborted, or too slow; everything is as it was",
    LEFT: "not everything is as it was: automatic switching is off, the secondary serves, or nobody knows; a person must look",
    NOT_NOW: "with --dry-run: it would be refused now",
}
"""What the codes of `drill` mean."""


def table(meanings: Mapping[int, str]) -> str:
    """Return what the help of a command says about its exit codes."""
    return "\n".join(("exit codes:", *(f"  {code}  {meaning}" for code, meaning in meanings.items())))


WARNINGS = 1
"""Of `check`: a failover works, but worse than it could."""
PROBLEMS = 2
"""Of `check`: a failover does not work, or does harm."""
UNSEEN = 3
"""Of `check`: something could not be looked at, and what could is no problem."""
