"""A switch in words: its steps as they tick off, what it will do to clients, and what it did to them."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from hotswap_tui.core.plan import PoolMode, Recipe, Step
from hotswap_tui.core.values import SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.snapshot import SwitchOutcome
    from hotswap_tui.core.values import Role, Switch

DONE, NOW, STOPPED = "✓", "…", "✗"


def way(switch: Switch) -> str:
    """Return from where to where."""
    if switch.kind is SwitchKind.REPAIR:
        return f"pgbouncer → {switch.target}"
    return f"{switch.source} → {switch.target}"


def steps(switch: Switch, *, ahead: bool = False, present: str = NOW) -> list[str]:
    """Return the steps of the plan, numbered, done ones ticked, `present` at the one begun; later ones only if `ahead`."""
    if switch.plan is None:
        return []
    told = []
    for number, step in enumerate(switch.plan.steps, 1):
        mark = DONE if step in switch.steps_done else present if step == switch.step else ""
        if mark or ahead:
            told.append(f"{number} {step} {mark}".rstrip())
    return told


def present_step(switch: Switch) -> str:
    """Return the step begun last and its place among all: `hold … 2/7`."""
    step = switch.step or "begin"
    mark = DONE if switch.step in switch.steps_done else NOW
    known = switch.plan.steps if switch.plan is not None else ()
    place = f" {known.index(Step(step)) + 1}/{len(known)}" if step in known else ""
    return f"{step} {mark}{place}"


def steps_shortened(switch: Switch) -> tuple[str, ...]:
    """Return the steps begun, then fewer and fewer of them, at last the present one: the longest form first."""
    told, present = steps(switch), present_step(switch)
    if switch.plan is None or not told:
        return (present,)
    newest = (" ".join(told[first:]) for first in range(1, len(told) - 1))
    return (" ".join(told), *(f"{some} of {len(switch.plan.steps)}" for some in newest), present)


def intention(plan: Plan, source: Role, pool_mode: PoolMode | None, count: int | None) -> str:
    """Return what `plan` will do to the clients of `source`; `count` None: nobody knows how many there are."""
    dead = "dead" if plan.recipe is Recipe.CRASHED else "hung"
    if pool_mode is PoolMode.SESSION:
        return _session_intention(
            plan, f"the {source}" if plan.recipe is Recipe.PLANNED else f"the {dead} {source}", count
        )
    if plan.recipe is not Recipe.PLANNED:
        return f"{_they(count, 'continue')} at once; connections to the {dead} {source} are cut off"
    end = "if one stays open, nothing is moved" if plan.must_drain else "then what is still open is cut off"
    return f"{_they(count, 'wait')} until open transactions end, {plan.drain_s:g} s at most; {end}"


def _session_intention(plan: Plan, source: str, count: int | None) -> str:
    many = "every client" if count is None else f"{clients(count)}, each"
    within = f" within {plan.drain_s:g} s" if plan.drain_s else ""
    return f"session mode: {many} disconnected from {source} once{within}"


def _they(count: int | None, verb: str) -> str:
    if count is None:
        return f"clients {verb}"
    return f"{clients(count)} {verb}s" if count == 1 else f"{clients(count)} {verb}"


def at_most_s(longest_s: float) -> str:
    """Return a longest wait in hundredths, rounded up: it may be claimed as a bound."""
    return f"{ceil(max(longest_s, 0.0) * 100 - 1e-9) / 100:.2f}s"


def clients(count: int) -> str:
    """Return how many clients, in words."""
    return f"{count} client" if count == 1 else f"{count} clients"


def moved(outcome: SwitchOutcome) -> tuple[str, ...]:
    """Return how long a switch took, who waited and what was cut off, the longest form first."""
    took = f"moved in {outcome.took_s:.2f}s"
    many, severed, bound = outcome.waited.clients, outcome.severed, at_most_s(outcome.waited.longest_s)
    full, short = [took], [took]
    if many:
        full.append(f"{clients(many)} waited ≤ {bound}")
        short.append(f"{many} waited ≤ {bound}")
    if severed:
        full.append(cut_off(severed, outcome.switch.source))
        short.append(f"{severed} cut off")
    return (took,) if len(full) == 1 else (", ".join(full), ", ".join(short), took)


def cost(outcome: SwitchOutcome) -> tuple[str, ...]:
    """Return what is known of what a switch did to clients.

    PgBouncer counts nobody whose server is dead or hung, so that no one waited can be said of a living one only.
    """
    waited, plan = outcome.waited, outcome.switch.plan
    told = (f"{clients(waited.clients)} waited, at most {at_most_s(waited.longest_s)}",) if waited.clients else ()
    if outcome.severed:
        return (*told, cut_off(outcome.severed, outcome.switch.source))
    return told or ("nobody waited" if plan is None or plan.recipe is Recipe.PLANNED else "nobody waited in pgbouncer",)


def cut_off(severed: int, source: Role) -> str:
    """Return how many connections had to be ended."""
    return f"{severed} {'connection' if severed == 1 else 'connections'} to {source} cut off"
