"""What a drill has shown, as one document: the text for people is made of it, so that the two cannot differ."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui import __version__
from hotswap_tui.core.text import clean
from hotswap_tui.drill.standing import standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.values import Mode
    from hotswap_tui.drill.clients import Clients
    from hotswap_tui.drill.course import Course
    from hotswap_tui.drill.legs import Leg
    from hotswap_tui.drill.totals import Totals

_FAILURES: Final = 5
"""So many errors of a client are told one by one."""
_SAME_START_S: Final = 0.001


def document(
    course: Course,
    history: Sequence[Mapping[str, Any]],
    clients: Clients | str,
    began_wall_s: float,
    ended_wall_s: float,
) -> dict[str, Any]:
    """Return the report as `drill --help` describes it.

    `history` holds past switches as `hotswap-tui history --json` has them; `clients` is why nobody asked where nobody did.
    """
    before, after, legs = course.before, course.picture, course.legs
    return {
        "verdict": course.verdict.value,
        "why": clean(course.why, 500),
        "standing": clean(standing(before, after, course.lost), 500),
        "kind": "automatic" if course.order.automatic else "planned",
        "began": iso(began_wall_s),
        "ended": iso(ended_wall_s),
        "by": clean(course.by),
        "database": clean(before.name),
        "primary": before.primary.address,
        "secondary": before.secondary.address if before.secondary is not None else None,
        "gateway": before.router.routed,
        "version": __version__,
        "engine_pid": before.pid,
        "budget_s": course.order.budget_s,
        "stay_s": course.order.stay_s,
        "away": _leg(legs.away if legs is not None else None, history),
        "back": _leg(legs.back if legs is not None else None, history),
        "clients": _clients(clients, (before, after)),
        "mode_before": _mode(before.mode),
        "mode_after": _mode(after.mode),
    }


def _leg(leg: Leg | None, history: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return one movement of traffic; the journal has its steps, the last picture has what the journal may lack."""
    if leg is None:
        return None
    past = next((dict(past) for past in history if past.get("id") == leg.switch.id), {})
    outcome = leg.outcome
    seen: dict[str, Any] = (
        {}
        if outcome is None
        else {
            "result": outcome.result,
            "error": clean(outcome.error, 500),
            "took_s": round(outcome.took_s, 3),
            "waited": outcome.waited.clients,
            "longest_wait_s": outcome.waited.longest_s,
            "severed": outcome.severed,
            "proof": outcome.proof,
        }
    )
    plain: dict[str, Any] = {
        "id": leg.switch.id,
        "kind": leg.switch.kind.value,
        "from": leg.switch.source.value,
        "to": leg.switch.target.value,
        "why": leg.switch.why,
        "result": "unfinished",
        "error": "",
        "took_s": None,
        "steps": [],
    }
    return {**plain, **past, **seen}


def _mode(mode: Mode) -> dict[str, Any]:
    return {"armed": mode.armed, "by": clean(mode.by), "why": clean(mode.why)}


def _clients(clients: Clients | str, pictures: Sequence[Snapshot]) -> dict[str, Any]:
    if isinstance(clients, str):
        return {"measured": False, "reason": clean(clients, 300)}
    kept, anew = clients.kept(), clients.anew()
    return {"measured": True, "kept": _totals(kept, pictures), "anew": _totals(anew, pictures)}


def _totals(totals: Totals, pictures: Sequence[Snapshot]) -> dict[str, Any]:
    now = pictures[-1]
    offset_s = now.wall_s - now.now_s
    answered = dict.fromkeys(("primary", "secondary", "another"), 0)
    for marker, seen in totals.markers.items():
        answered[_who(marker, pictures)] += seen.answers
    return {
        "answers": totals.successes,
        "errors": totals.errors,
        "longest_wait_s": round(totals.wait.took_s, 3),
        "longest_wait_at": iso(totals.wait.at_s + offset_s) if totals.wait.took_s else None,
        "longest_outage_s": round(totals.outage.took_s, 3),
        "answered_by": {who: count for who, count in answered.items() if count},
        "failures": [
            {"at": iso(failure.at_s + offset_s), "error": failure.error, "text": failure.text}
            for failure in totals.failures[:_FAILURES]
        ],
    }


def _who(marker: str, pictures: Sequence[Snapshot]) -> str:
    """Return the role of the server that was started at the moment `marker`, as the engine's checks saw it."""
    for picture in pictures:
        for view in (picture.primary, picture.secondary):
            if view is not None and view.facts is not None and _same(marker, view.facts.started_at):
                return view.role.value
    return "another"


def _same(marker: str, started_at: float) -> bool:
    try:
        return abs(float(marker) - started_at) < _SAME_START_S
    except ValueError:
        return False


def iso(wall_s: float) -> str:
    """Return seconds since 1970 as local time with its offset."""
    return datetime.fromtimestamp(wall_s, UTC).astimezone().isoformat(timespec="milliseconds")
