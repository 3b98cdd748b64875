"""How a past switch looks to a program: `hotswap-tui history --json` and `/api/history` give the same objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotswap_tui.engine.journal_codec import PastSwitch
    from hotswap_tui.engine.ports import StepRecord, SwitchRecord


def fields(past: PastSwitch) -> dict[str, Any]:
    """Return what `history --help` says about one object."""
    record, switch = past.record, past.record.switch
    return {
        "id": switch.id,
        "kind": switch.kind.value,
        "from": switch.source.value,
        "to": switch.target.value,
        "started": _iso(record.started_wall_s),
        "finished": None if record.finished_wall_s is None else _iso(record.finished_wall_s),
        "took_s": switch_took_s(record),
        "result": record.result or "unfinished",
        "error": record.error,
        "why": switch.why,
        "automatic": switch.automatic,
        "by": switch.by or None,
        "cancelled_by": switch.cancelled_by or None,
        "forced": switch.forced,
        "attempts": switch.attempt,
        "was_down": record.down,
        "was_down_s": None if record.down is None else round(record.down_s, 3),
        "recipe": past.recipe or None,
        "waited": record.waited.clients,
        "longest_wait_s": record.waited.longest_s,
        "severed": record.severed,
        "proof": record.proof,
        "steps": [
            {"step": step.step, "started": _iso(step.begun_wall_s), "took_ms": step_took_ms(step)}
            for step in past.steps
        ],
    }


def switch_took_s(record: SwitchRecord) -> float | None:
    """Return the seconds from start to end, None while it is not finished; a clock that was set back meanwhile makes it 0."""
    return (
        None if record.finished_wall_s is None else round(max(0.0, record.finished_wall_s - record.started_wall_s), 3)
    )


def step_took_ms(step: StepRecord) -> float | None:
    """Return the milliseconds of a step, None when its end is not known."""
    return None if step.done_wall_s is None else round(max(0.0, step.done_wall_s - step.begun_wall_s) * 1000, 1)


def local(wall_s: float) -> datetime:
    """Return seconds since 1970 as a local time with its offset."""
    return datetime.fromtimestamp(wall_s, UTC).astimezone()


def _iso(wall_s: float) -> str:
    return local(wall_s).isoformat(timespec="milliseconds")
