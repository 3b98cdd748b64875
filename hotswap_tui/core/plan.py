"""How traffic is moved: the steps of a switch, chosen from why it moves, the pool mode and PgBouncer's version.

Measured on PgBouncer 1.18 to 1.25 and PostgreSQL 15 to 18: a living server is drained behind a PAUSE, which costs nobody an
error; a dead or hung one is left by RELOAD, and what still hangs on it is cut off, which RELOAD alone never does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Fault, Role, counts

if TYPE_CHECKING:
    from hotswap_tui.core.sync import Mark

OLDEST_VERSION = (1, 18)
"""What Debian bookworm ships; nothing older was measured."""
DRAIN_S = 3.0
"""How long open transactions may keep a planned switch waiting; transaction pooling."""
CATCH_UP_S = 5.0
"""How long replication may keep clients waiting, once it was seen to be close."""
SECURE_S = 1.0
"""How long a failover waits for sequences and mark; an application without any database matters more."""
SESSION_DRAIN_S = 1.0
"""The same with session pooling, where sessions that do not end by themselves are ended."""


class Step(StrEnum):
    """One step of a switch, in the journal's and the screen's word."""

    WAKE = "wake"
    """Log in to the target before anybody waits: a sleeping cloud database starts now."""
    HOLD = "hold"
    """Let new work wait; in a planned switch until the open transactions have ended."""
    CATCH_UP = "catch up"
    """While nobody writes: wait until replication has carried everything to the target, or prove that there is nothing."""
    PREFLIGHT = "preflight"
    """The target answers our own driver: login, TLS, and who it is."""
    SECURE = "secure"
    """Move the target's sequences ahead, which logical replication does not carry, and note where it stands."""
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
class DataPlan:
    """What a switch does about the data; chosen from what is known of the pair."""

    catch_up: bool = False
    """Replication leads to the target, so the switch waits, at most CATCH_UP_S with clients held, until all of it is there."""
    must_catch_up: bool = False
    """Otherwise the switch stops; a person's force goes on without."""
    prove_safe: bool = False
    """A failback that stops unless it is proven that nothing written on the secondary is lost (DB_FAILBACK_GUARD)."""
    sequences: bool = False
    """The target's sequences are moved ahead: logical replication leads there, or led there."""
    mark: bool = False
    """Where the target stands is noted: it is the secondary."""
    since: Mark | None = None
    """Where the secondary stood when traffic was moved to it, from which the proof starts; None: nothing is known."""


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
    data: DataPlan = DataPlan()
    """What is done about the data itself."""
    must_secure: bool = False
    """Whether sequences that cannot be moved stop the switch; otherwise it is told that they stayed behind."""


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
    source: Role,
    fault: Fault | None,
    pool_mode: PoolMode | None,
    version: tuple[int, ...],
    *,
    firm: bool = False,
    data: DataPlan = DataPlan(),
) -> Plan:
    """Return the plan for leaving `source`, whose last check ended with `fault` (None: it passed).

    It is the same for every `version` from OLDEST_VERSION on, as 1.18 to 1.25 were measured alike; an older one is an obstacle.
    `pool_mode` None and `version` () when there is no gateway. `firm`: a person forces the switch, or repairs, so that nobody's
    open transaction stops it. `data`: what is done about the data on the way.
    """
    if version and version < OLDEST_VERSION:
        told, oldest = (".".join(map(str, numbers)) for numbers in (version, OLDEST_VERSION))
        return Plan(
            recipe(source, fault), (), obstacle=f"PgBouncer {told} is older than {oldest}, the oldest that was measured"
        )
    kind = recipe(source, fault)
    session = pool_mode is PoolMode.SESSION
    if kind is not Recipe.PLANNED and data.prove_safe:
        return Plan(kind, (), obstacle=f"{source} does not answer, so nothing proves that nothing there is lost")
    if kind is not Recipe.PLANNED:
        return Plan(kind, _with(_HASTY_SESSION if session else _HASTY, data), data=data)
    orderly = not firm and fault not in _ALIVE_BUT_USELESS
    return Plan(
        kind,
        _with(_PLANNED, data),
        SESSION_DRAIN_S if session else DRAIN_S,
        must_drain=orderly and not session,
        data=replace(data, must_catch_up=data.must_catch_up and orderly),
        must_secure=orderly and data.sequences,
    )


def _with(steps: tuple[Step, ...], data: DataPlan) -> tuple[Step, ...]:
    """Return `steps` with those that `data` asks for: the catch-up only where nobody writes meanwhile."""
    first = (Step.CATCH_UP,) if steps is _PLANNED and (data.catch_up or data.prove_safe) else ()
    second = (Step.SECURE,) if data.sequences or data.mark else ()
    after = {Step.HOLD: first, Step.PREFLIGHT: second}
    return tuple(taken for step in steps for taken in (step, *after.get(step, ())))
