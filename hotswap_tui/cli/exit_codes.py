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


DIFFERS = 12
"""Of `sync restore` and `sync copy`: it was loaded, and some table has not the rows that were dumped."""
DUMP: Mapping[int, str] = {
    OK: "written whole",
    FAILED: "failed; there is no file, or the one that was there",
    USAGE: "wrong usage or settings",
    INTERRUPTED: "Ctrl-C (143: SIGTERM); there is no file, or the one that was there",
}
"""What the codes of `sync dump` mean."""
LOADING: Mapping[int, str] = {
    OK: "loaded, and every table has the rows that were dumped",
    FAILED: "failed; the database is as it was, unless the sentence says that it was loaded",
    USAGE: "wrong usage or settings, or nobody to ask",
    NOTHING_DONE: "refused, or not agreed to; nothing was done",
    DIFFERS: "loaded, and some table has not the rows that were dumped",
    INTERRUPTED: "Ctrl-C (143: SIGTERM); the database is as it was",
}
"""What the codes of `sync restore` and `sync copy` mean."""


def table(meanings: Mapping[int, str]) -> str:
    """Return what the help of a command says about its exit codes."""
    return "\n".join(("exit codes:", *(f"  {code}  {meaning}" for code, meaning in meanings.items())))


WARNINGS = 1
"""Of `check`: a failover works, but worse than it could."""
PROBLEMS = 2
"""Of `check`: a failover does not work, or does harm."""
UNSEEN = 3
"""Of `check`: something could not be looked at, and what could is no problem."""

SYNC_SETUP: Mapping[int, str] = {
    OK: "set up and complete; with --no-wait: the copy goes on; with --dry-run: it would run",
    FAILED: "it failed in the middle; the line says what was done",
    USAGE: "wrong usage or settings",
    NOTHING_DONE: "something has to be mended first, or it was not agreed to; nothing was done",
    INTERRUPTED: "interrupted; a copy that had begun goes on",
}
"""What the codes of `sync setup` mean."""
SYNC_TEARDOWN: Mapping[int, str] = {
    OK: "nothing of it is there any more; with --dry-run: it would be removed",
    FAILED: "something is left; the lines say where, and what to run there",
    USAGE: "wrong usage or settings",
    NOTHING_DONE: "not agreed to; nothing was done",
    INTERRUPTED: "interrupted; run it again",
}
"""What the codes of `sync teardown` mean."""

NOT_MIGRATED = 13
"""Of `sync schema --command`: the command failed for one database; standard error says which has been migrated."""
SCHEMA: Mapping[int, str] = {
    OK: "the schemas are alike; with --dry-run: nothing was done",
    FAILED: "they differ",
    USAGE: "wrong usage or settings",
    UNKNOWN: "a database could not be read",
    NOTHING_DONE: "--command would do harm under replication; nothing was run",
    NOT_MIGRATED: "--command failed; standard error says which database has been migrated",
    INTERRUPTED: "interrupted; standard error says which database has been migrated",
}
"""What the codes of `sync schema` mean."""

SYNC_STATUS: Mapping[int, str] = {
    OK: "replicated, and nothing differs that a switch does not mend",
    FAILED: "not replicated, behind by more than DB_MAX_LAG (30 s where it is not set), not all tables, or the schemas differ",
    USAGE: "wrong usage or settings",
    UNKNOWN: "a database could not be read",
}
"""What the codes of `sync status` mean."""
SYNC_HEARTBEAT: Mapping[int, str] = {
    OK: "the table is as it was asked for; with --dry-run: it would be",
    FAILED: "it could not be done; the line says where",
    USAGE: "wrong usage or settings",
    NOTHING_DONE: "not agreed to; nothing was done",
}
"""What the codes of `sync heartbeat` mean."""

DOSSIER: Mapping[int, str] = {
    OK: "SAFE: a failback loses nothing",
    FAILED: "NEEDS SYNC or DIVERGED",
    USAGE: "wrong usage",
    UNKNOWN: "there is none: the primary serves, or the engine has not looked yet",
    NO_ENGINE: "no engine answers",
}
"""What the codes of `failback --dossier` mean."""
