"""How traffic is moved: the steps of a switch, chosen from why it moves, the pool mode and PgBouncer's version.

Measured on PgBouncer 1.18 to 1.25 and PostgreSQL 15 to 18: a living server is drained behind a PAUSE, which costs nobody an
error; a dead or hung one is left by RELOAD, and what still hangs on it is cut off, which RELOAD alone never does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hotswap_tui.core.values import Fault, Role, counts

OLDEST_VERSION = (1, 18)
"""What Debian bookworm ships; nothing older was measured."""
DRAIN_S = 3.0
"""How long open transactions may keep a planned switch waiting; transaction pooling."""
SESSION_DRAIN_S = 1.0
"""The same with session pooling, where sessions that do not end by themselves are ended."""


class Step(StrEnum):
    """One step of a switch, in the journal's and the screen's word."""

    WAKE = "wake"
    """Log in to the target before anybody waits: a sleeping cloud database starts now."""
    HOLD = "hold"
    """Let new work wait; in a planned switch until the open transactions have ended."""
    PREFLIGHT = "preflight"
    """The target answers our own driver: login, TLS, and who it is."""
    REPOINT = "repoint"
    """Replace the target file and reload. From here on a switch can no longer be cancelled."""
    READ_BACK = "read back"
    """PgBouncer says that it points to the target."""
    RELEASE = "release"
    """Those who waited go on. From here on nothing is rolled back."""
    SEVER = "sever"
    """End what still hangs on the database that was left; where everything must drain, see that nothing does."""
    CANARY = "canary"
    """A query through PgBouncer shows which server answers."""


class Recipe(StrEnum):
    """What is known about the database that is left."""

    PLANNED = "planned"
    """It lives: its transactions may end."""
    CRASHED = "crashed"
    """It is gone: its connections end by themselves."""
    HUNG = "hung"
    """It does not answer: its connections stay open until they are cut off."""


class PoolMode(StrEnum):
    """How PgBouncer shares its server connections."""

    TRANSACTION = "transaction"
    SESSION = "session"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one switch, in order."""

    recipe: Recipe
    steps: tuple[Step, ...]
    drain_s: float = 0.0
    """How long the hold waits for open transactions; 0: it does not wait."""
    must_drain: bool = False
    """Whether transactions that stay open stop the switch; otherwise they are cut off."""
    obstacle: str = ""
    """Why it may not be carried out; empty when it may."""


_GONE = frozenset({Fault.REFUSED, Fault.RESET, Fault.STARTING, Fault.STOPPING, Fault.DRILL})
_ALIVE_BUT_USELESS = frozenset({Fault.READ_ONLY, Fault.STORAGE})

_ARRIVE = (Step.PREFLIGHT, Step.REPOINT, Step.READ_BACK)
_PLANNED = (Step.WAKE, Step.HOLD, *_ARRIVE, Step.SEVER, Step.RELEASE, Step.CANARY)
_HASTY = (Step.HOLD, *_ARRIVE, Step.RELEASE, Step.SEVER, Step.CANARY)
_HASTY_SESSION = (*_ARRIVE, Step.SEVER, Step.CANARY)


def recipe(source: Role, fault: Fault | None) -> Recipe:
    """Return what the last check of the database that is left says about it; `fault` None: it passed."""
    if fault is None or fault in _ALIVE_BUT_USELESS or not counts(source, fault):
        return Recipe.PLANNED
    return Recipe.CRASHED if fault in _GONE else Recipe.HUNG


def choose(
    source: Role, fault: Fault | None, pool_mode: PoolMode | None, version: tuple[int, ...], *, firm: bool = False
) -> Plan:
    """Return the plan for leaving `source`, whose last check ended with `fault` (None: it passed).

    It is the same for every `version` from OLDEST_VERSION on, as 1.18 to 1.25 were measured alike; an older one is an obstacle.
    `pool_mode` None and `version` () when there is no gateway. `firm`: a person forces the switch, or repairs, so that nobody's
    open transaction stops it.
    """
    if version and version < OLDEST_VERSION:
        told, oldest = (".".join(map(str, numbers)) for numbers in (version, OLDEST_VERSION))
        return Plan(
            recipe(source, fault), (), obstacle=f"PgBouncer {told} is older than {oldest}, the oldest that was measured"
        )
    kind = recipe(source, fault)
    session = pool_mode is PoolMode.SESSION
    if kind is not Recipe.PLANNED:
        return Plan(kind, _HASTY_SESSION if session else _HASTY)
    if session:
        return Plan(kind, _PLANNED, SESSION_DRAIN_S)
    return Plan(kind, _PLANNED, DRAIN_S, must_drain=not firm and fault not in _ALIVE_BUT_USELESS)
