"""What replication slots keep on the servers' disks, who reads them, and until when there is room."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core import values
from hotswap_tui.core.amount_words import size
from hotswap_tui.core.sync_facts import slot_fact, urgency
from hotswap_tui.core.time_words import age
from hotswap_tui.doctor.finding import Check, Finding, Level
from hotswap_tui.sync.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hotswap_tui.core.sync import Slot, SyncReading
    from hotswap_tui.doctor.facts import DataLook

_LEVELS: Final[Mapping[values.Level | None, Level]] = {
    values.Level.BAD: Level.PROBLEM,
    values.Level.WARNING: Level.WARNING,
}


def slots(look: DataLook, engine: SyncReading | None, engine_age_s: float) -> Iterator[Finding]:
    """Yield each slot, the most urgent first.

    One look does not tell how fast they grow. `engine`: the reading of an engine, which does, `engine_age_s` old.
    """
    dated = (_dated(slot, engine.slots if engine is not None else (), engine_age_s) for slot in look.reading.slots)
    for slot in sorted(dated, key=urgency):
        level = _LEVELS.get(slot_fact(slot, 0.0).level, Level.OK)
        yield Finding(Check.SLOTS, level, slot.role, _text(slot), "" if level is Level.OK else _fix(slot, look))


def _dated(slot: Slot, known: Iterable[Slot], age_s: float) -> Slot:
    """Return the slot with the time that it has left, as the engine had it."""
    same = next((each for each in known if (each.role, each.name) == (slot.role, slot.name)), None)
    if same is None or same.full_in_s is None:
        return slot
    return replace(slot, full_in_s=max(0.0, same.full_in_s - age_s))


def _text(slot: Slot) -> str:
    if slot.lost:
        return f"the server has given up what the slot {slot.name} kept: what reads it has lost its place"
    kept = f"keeps {size(slot.retained_bytes)}" if slot.retained_bytes is not None else "keeps nothing known"
    end = _end(slot)
    if slot.active:
        return f"the slot {slot.name} is read, and {kept}{end}"
    return f"nobody reads the slot {slot.name}, which {kept}{end}"


def _end(slot: Slot) -> str:
    """Return when there is no more room, or else what happens then."""
    if slot.full_in_s is not None:
        return f": {'lost' if slot.left_bytes is not None else 'disk full'} in {age(slot.full_in_s)}"
    if slot.active:
        return ""
    if slot.left_bytes is not None:
        return f", and is lost after {size(slot.left_bytes)} more"
    return ", and more and more until the disk is full"


def _fix(slot: Slot, look: DataLook) -> str:
    other = slot.role.other
    drop = f"SELECT pg_drop_replication_slot({literal(slot.name)}) on the {slot.role}"
    reader = _reader(slot, look)
    if slot.lost:
        return (
            f"set its {reader} on the {other} up anew, as said above"
            if reader
            else f"{drop}, then set up anew what has read it"
        )
    if slot.active:
        return "see why its reader is slow; max_slot_wal_keep_size bounds what a slot may keep, and gives it up then"
    if other not in look.asked:
        return f"start the {other} again, if it reads it; before the disk is full: {drop}"
    if reader:
        return f"mend its {reader} on the {other}, as said above; before the disk is full: {drop}"
    return f"if nothing is to read it any more: {drop}"


def _reader(slot: Slot, look: DataLook) -> str:
    """Return what of the other database reads the slot; empty when nothing that is known does."""
    if any(each.role is slot.role.other and each.slot == slot.name for each in look.subscribed):
        return "subscription"
    flow = look.reading.flow(slot.role)
    return "standby" if flow is not None and flow.name == slot.name else ""
