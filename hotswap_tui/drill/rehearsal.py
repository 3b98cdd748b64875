"""What a drill would do now, step by step, and what would keep it from that; nothing is changed."""

from __future__ import annotations

from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.core.plan import Recipe, choose
from hotswap_tui.core.policy import HOUR_S
from hotswap_tui.core.switch_words import intention
from hotswap_tui.core.traffic_words import NO_GATEWAY, total
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.drill.obstacles import dangers, obstacles

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hotswap_tui.core.plan import Plan
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.drill.order import Order

    History = Sequence[Mapping[str, Any]]

_LABEL: Final = 11


def rehearsal(snapshot: Snapshot, order: Order, history: History) -> dict[str, Any]:
    """Return what would happen as `drill --dry-run --json` prints it; `history` holds past switches as documents."""
    against = obstacles(snapshot, order)
    return {
        "would_run": not against,
        "kind": "automatic" if order.automatic else "planned",
        "obstacles": against,
        "steps": list(_steps(snapshot, order, history)),
        "risks": [text for text, _level in dangers(snapshot)] if snapshot.secondary is not None else [],
    }


def _steps(snapshot: Snapshot, order: Order, history: History) -> Iterator[dict[str, Any]]:
    timing, auto_back = order.timing, order.automatic and snapshot.policy.failback_auto
    if order.automatic:
        count = snapshot.policy.failure_threshold
        yield _step(
            f"checks of the primary fail on purpose, {count} in a row", timing.detection_s, timing.detection_limit_s
        )
    what = "automation fails over: primary → secondary" if order.automatic else "switch primary → secondary"
    fault = Fault.DRILL if order.automatic else None
    yield _leg(snapshot, order, history, Role.PRIMARY, fault, what)
    if auto_back:
        yield _step("the secondary serves until automation fails back", timing.return_s, timing.return_limit_s)
    else:
        off = "" if order.automatic else "; automatic switching is off meanwhile"
        yield _step(f"the secondary serves{off}", order.stay_s, order.stay_s)
    what = "automation fails back: secondary → primary" if auto_back else "fail back: secondary → primary"
    yield _leg(snapshot, order, history, Role.SECONDARY, None, what)
    if not order.automatic:
        yield _step("automatic switching is on again, as before", 0.0, 0.0)


def _step(what: str, expected_s: float | None, limit_s: float) -> dict[str, Any]:
    return {"what": what, "expected_s": expected_s, "limit_s": limit_s, "plan": [], "clients": ""}


def _leg(
    snapshot: Snapshot, order: Order, history: History, source: Role, fault: Fault | None, what: str
) -> dict[str, Any]:
    router = snapshot.router
    plan = choose(source, fault, router.pool_mode, router.version)
    step = _step(what, expected_s(history, source.other, plan.recipe), order.budget_s)
    if not router.routed:
        return {**step, "clients": NO_GATEWAY}
    return {**step, "plan": [planned.value for planned in plan.steps], "clients": _felt(snapshot, plan, source)}


def _felt(snapshot: Snapshot, plan: Plan, source: Role) -> str:
    traffic = snapshot.router.traffic
    return intention(plan, source, snapshot.router.pool_mode, None if traffic is None else total(traffic))


def expected_s(history: History, target: Role, recipe: Recipe) -> float | None:
    """Return the median time of past switches of this kind that arrived; None where there was none."""
    took = [
        past["took_s"]
        for past in history
        if past.get("result") == "done"
        and past.get("to") == target.value
        and past.get("recipe") == recipe.value
        and past.get("took_s") is not None
    ]
    return round(median(took), 3) if took else None


def failovers_in_hour(history: History, now_wall_s: float) -> int:
    """Count the automatic failovers that arrived within the hour before `now_wall_s`."""
    return sum(
        past.get("kind") == "failover"
        and past.get("result") == "done"
        and now_wall_s - datetime.fromisoformat(past["finished"]).timestamp() < HOUR_S
        for past in history
    )


def lines(told: Mapping[str, Any], *, dry: bool) -> Iterator[str]:
    """Yield it for people; `dry`: nothing will be done, otherwise it is what is about to be done."""
    yield f"Drill, {told['kind']}" + (": what would be done; nothing is" if dry else "")
    for number, step in enumerate(told["steps"], 1):
        yield _row(str(number), f"{step['what']}: {_duration(step)}" if step["limit_s"] else step["what"])
        if step["plan"]:
            yield _row("", ", ".join(step["plan"]))
        if step["clients"]:
            yield _row("", step["clients"])
    for index, risk in enumerate(told["risks"]):
        yield _row("" if index else "risk", risk)
    for obstacle in told["obstacles"]:
        yield _row("but", obstacle)


def _duration(step: Mapping[str, Any]) -> str:
    expected, limit = step["expected_s"], step["limit_s"]
    if expected == limit:
        return f"{limit:g} s"
    told = "no past switch says how long" if expected is None else f"about {expected:.1f} s"
    return f"{told}, {limit:g} s at most"


def _row(label: str, text: str) -> str:
    return f"  {label:<{_LABEL}}{text}"
