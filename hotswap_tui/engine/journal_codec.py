"""Values to rows and back. What cannot be understood is told as damage, never guessed."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hotswap_tui.core.sync import Mark, Written
from hotswap_tui.core.traffic import Waited
from hotswap_tui.core.values import Event, Kind, Level, Role, Switch, SwitchKind
from hotswap_tui.engine.ports import Memory, ModeMemory, StepRecord, SwitchRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row: TypeAlias = tuple[Any, ...]

EVENT_COLUMNS: Final = "id, wall_s, kind, level, text, role, data"
SWITCH_COLUMNS: Final = (
    "id, kind, source, target, why, by, forced, attempt, step, cancellable, cancelled_by, unknown, "
    "started_wall_s, finished_wall_s, result, error, down, down_s, "
    "recipe, waited_clients, waited_s, severed, proof"
)
SWITCH_COLUMNS_1: Final = SWITCH_COLUMNS.replace(
    "recipe, waited_clients, waited_s, severed, proof", "'', 0, 0.0, 0, ''"
)
"""The same from a journal that no engine of today has opened yet."""
STEP_COLUMNS: Final = "step, begun_wall_s, done_wall_s"


@dataclass(frozen=True, slots=True)
class PastSwitch:
    """A switch as the journal tells it."""

    record: SwitchRecord
    """Its `switch` has no plan: what was planned means nothing after a restart, the recipe's word aside."""
    recipe: str
    """What was known about the database that was left; empty when no plan was made."""
    steps: tuple[StepRecord, ...] = ()
    """Of the last attempt, in order."""


class DamagedError(sqlite3.DatabaseError):
    """The database can be read, but what stands in it makes no sense."""


def event_row(event: Event) -> Row:
    """Return `event` in the order of EVENT_COLUMNS."""
    data = json.dumps(dict(event.data))
    return (event.id, event.wall_s, event.kind.value, event.level.name, _storable(event.text), event.role, data)


def events(rows: Iterable[Row]) -> tuple[Event, ...]:
    """Return the events of `rows`; one of a kind that this version does not know is left out."""
    known = frozenset(Kind)
    return tuple(_event(row) for row in rows if row[2] in known)


def _event(row: Row) -> Event:
    number, wall_s, kind, level, text, role, data = row
    try:
        return Event(number, wall_s, Kind(kind), Level[level], text, role and Role(role), json.loads(data))
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"event {number}: {error}") from error


def memory_text(memory: Memory) -> str:
    """Return `memory` as JSON."""
    return json.dumps(asdict(memory))


def memory(text: str) -> Memory:
    """Return the memory that `memory_text` wrote; a field that was added since keeps its default."""
    try:
        fields = {name: value for name, value in json.loads(text).items() if name in Memory.__slots__}
        fields["active"] = Role(fields["active"])
        fields["mode"] = _mode(fields.get("mode", {}))
        before = fields.get("mode_before")
        fields["mode_before"] = None if before is None else _mode(before)
        fields["mark"] = _mark(fields.get("mark"))
        for name in ("automatic_wall_s", "failover_wall_s"):
            fields[name] = tuple(fields.get(name, ()))
        return Memory(**fields)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"memory: {error}") from error


def _mode(fields: dict[str, Any]) -> ModeMemory:
    return ModeMemory(**{name: value for name, value in fields.items() if name in ModeMemory.__slots__})


def _mark(fields: dict[str, Any] | None) -> Mark | None:
    if fields is None:
        return None
    known = {name: value for name, value in fields.items() if name in Mark.__slots__}
    known["role"] = Role(known["role"])
    known["written"] = tuple(Written(**table) for table in known.get("written", ()))
    return Mark(**known)


def switch_row(record: SwitchRecord, recipe: str = "") -> Row:
    """Return `record` in the order of SWITCH_COLUMNS; `recipe` is that of a switch whose plan is not known any more.

    The monotonic start is left out: it means nothing after a restart.
    """
    switch = record.switch
    return (
        switch.id,
        switch.kind.value,
        switch.source.value,
        switch.target.value,
        _storable(switch.why),
        _storable(switch.by),
        switch.forced,
        switch.attempt,
        _storable(switch.step),
        switch.cancellable,
        _storable(switch.cancelled_by),
        switch.unknown,
        record.started_wall_s,
        record.finished_wall_s,
        record.result,
        _storable(record.error),
        record.down,
        record.down_s,
        recipe if switch.plan is None else switch.plan.recipe.value,
        record.waited.clients,
        record.waited.longest_s,
        record.severed,
        _storable(record.proof),
    )


def past_switch(row: Sequence[Any], steps: Iterable[Row] = ()) -> PastSwitch:
    """Return what `switch_row` and rows of STEP_COLUMNS tell; `switch.started_s` is 0."""
    number, kind, source, target, why, by, forced, attempt, step, cancellable, cancelled_by, unknown, *rest = row
    try:
        switch = Switch(
            id=number,
            kind=SwitchKind(kind),
            source=Role(source),
            target=Role(target),
            started_s=0.0,
            why=why,
            by=by,
            forced=bool(forced),
            attempt=attempt,
            step=step,
            cancellable=bool(cancellable),
            cancelled_by=cancelled_by,
            unknown=bool(unknown),
        )
        return _ended(switch, rest, tuple(StepRecord(number, *fields) for fields in steps))
    except ValueError as error:
        raise DamagedError(f"switch {number}: {error}") from error


def _ended(switch: Switch, fields: Sequence[Any], steps: tuple[StepRecord, ...]) -> PastSwitch:
    started_wall_s, finished_wall_s, result, error, down, down_s, recipe, clients, longest_s, severed, proof = fields
    record = SwitchRecord(
        switch,
        started_wall_s,
        finished_wall_s,
        result,
        error,
        None if down is None else Role(down),
        down_s,
        Waited(clients, longest_s),
        severed,
        proof,
    )
    return PastSwitch(record, recipe, steps)


def step_row(step: StepRecord) -> Row:
    """Return `step` in the order of STEP_COLUMNS."""
    return (_storable(step.step), step.begun_wall_s, step.done_wall_s)


def _storable(text: str) -> str:
    """Return `text` without lone surrogates, which come from file names and cannot be stored."""
    return text.encode("utf-8", "replace").decode("utf-8")
