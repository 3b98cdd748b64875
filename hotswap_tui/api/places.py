"""How far a reader of events has come.

A place is an event's number and its time. After a restart on a new journal the numbers begin anew, and a number alone would pass
over the events below it unnoticed; by the time it is known that the reader's last event is not one of these.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.values import Event

_LARGEST: Final = 2**53


@dataclass(frozen=True, slots=True)
class Place:
    """The event that a reader has seen last; 0: none yet."""

    number: int
    wall_ms: int | None = None
    """None: the reader knows the number only."""

    def __str__(self) -> str:
        return str(self.number) if self.wall_ms is None else f"{self.number}-{self.wall_ms}"


BEGINNING: Final = Place(0)


def place_of(event: Event) -> Place:
    """Return the place of who has seen `event`."""
    return Place(event.id, round(event.wall_s * 1000))


def newest(kept: Sequence[Event]) -> Place:
    """Return the place of who has seen everything."""
    return place_of(kept[-1]) if kept else BEGINNING


def parse_place(text: str) -> Place:
    """Return what `12-1763116927000`, or just `12`, says; raises ValueError."""
    numbers = text.split("-")
    if len(numbers) > 2 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in numbers):
        raise ValueError(text)
    if max(map(int, numbers)) > _LARGEST:
        raise ValueError(text)
    return Place(*map(int, numbers))


def follows(place: Place, kept: Sequence[Event]) -> bool:
    """Say whether `kept`, oldest first, goes on where `place` is, so that nothing is missed between them."""
    if place.number == BEGINNING.number:
        return True
    if not kept or not kept[0].id - 1 <= place.number <= kept[-1].id:
        return False
    seen = kept[max(0, _after(place, kept) - 1)]
    return seen.id != place.number or place.wall_ms in {None, place_of(seen).wall_ms}


def unseen(place: Place, kept: Sequence[Event]) -> Sequence[Event]:
    """Return what of `kept` follows `place`; all of it when nobody knows."""
    return kept[_after(place, kept) :] if follows(place, kept) else kept


def _after(place: Place, kept: Sequence[Event]) -> int:
    return bisect_right(kept, place.number, key=attrgetter("id"))
