"""Where a sequence stands and where it has to go. Pure arithmetic.

Places are compared by the value that is given next, so that a sequence that has given none yet fits in as well. A sequence moves
by whole steps of its own: where two servers take turns (odd and even keys), it stays on its own side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

MARGIN: Final = 32
"""Steps beyond the source's place: what a server writes ahead of itself, and skips after a crash (SEQ_LOG_VALS in sequence.c)."""


class Column(NamedTuple):
    """A column that takes its values from a sequence; raw names."""

    schema: str
    table: str
    column: str


class Place(NamedTuple):
    """What `setval` is given: the value, and whether it has been given out."""

    value: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class SequenceState:
    """One sequence of one database; raw names."""

    schema: str
    name: str
    last_value: int
    """The last value given; the first one to give where none was given yet."""
    is_called: bool
    increment: int
    minimum: int
    maximum: int
    cycle: bool
    owned_by: tuple[str, str, str] | None = None
    """Schema, table and column that it belongs to."""
    oid: int = 0
    """Its number in its own database."""
    settable: bool = True
    """Whether this role may move it."""
    columns: tuple[Column, ...] = ()
    """Columns that take their values from it, as far as their highest key is quickly read."""
    highest: int | None = None
    """The furthest key in those columns, in the sequence's direction; None: none, or not asked for."""

    @property
    def key(self) -> tuple[str, str]:
        """Return what names it in both databases."""
        return self.schema, self.name

    @property
    def shown(self) -> str:
        """Return its name for a person: cleaned, without the schema where that is `public`."""
        return clean(self.name if self.schema == "public" else f"{self.schema}.{self.name}")

    @property
    def next(self) -> int:
        """Return the value that is given next, out of bounds where none is left."""
        return self.last_value + self.increment if self.is_called else self.last_value

    @property
    def left(self) -> int:
        """Return how many steps the next value may still be moved; -1 where no value is left."""
        bound = self.maximum if self.increment > 0 else self.minimum
        return max(-1, (bound - self.next) // self.increment)

    def steps_to(self, following: int) -> int:
        """Return how many steps bring the next value to `following` or just beyond; negative where it is beyond already."""
        return -((self.next - following) // self.increment)

    def after(self, steps: int) -> Place:
        """Return the place that is `steps` ahead; the caller knows that they are left, one more uses up all values."""
        last = self.next + (steps - 1) * self.increment
        if self.minimum <= last <= self.maximum:
            return Place(last, is_called=True)
        return Place(last + self.increment, is_called=False)


def is_behind(own: SequenceState, source: SequenceState) -> bool:
    """Say whether `own` would give values that `source` has given."""
    return own.steps_to(source.next) > 0


def copied(own: SequenceState, source: SequenceState, margin: int = MARGIN) -> Place | None:
    """Return where `own` has to go so that it follows `source`, which nobody uses any more; None: it may stay.

    Where `margin` does not fit, half of what is left is passed over. One that cycles has no ahead and behind: it is where the
    source is, or it moves there.
    """
    if own.cycle:
        return None if own.next == source.next else _on_the_circle(own, source, margin)
    steps = own.steps_to(source.next)
    if steps <= 0:
        return None
    steps = min(steps, own.left + 1)
    return own.after(steps + _room(own, steps, margin))


def advanced(own: SequenceState, source: SequenceState | None, gap: int) -> Place | None:
    """Return where `own` has to go when nobody knows how far the source went; None: it may stay.

    That is `gap` steps beyond its own place, the `source`'s last known one and the highest key, whatever is furthest. Where the
    source had used up all values, it is used up as well. A key at the very end of the range does not count: no sequence gave it.
    One that cycles moves from the source's place, across the end of the range if need be.
    """
    if own.cycle and gap:
        return _on_the_circle(own, source or own, gap)
    if own.cycle:
        return None if source is None else copied(own, source, margin=0)
    places = [0]
    if source is not None:
        places.append(min(own.steps_to(source.next), own.left + 1))
    if own.highest is not None and (beyond := own.steps_to(own.highest + own.increment)) <= own.left:
        places.append(beyond)
    steps = max(places)
    ahead = steps + _room(own, steps, gap)
    return own.after(ahead) if ahead > 0 else None


def matched(states: Iterable[SequenceState]) -> dict[tuple[str, str], SequenceState]:
    """Return `states` by what names them in both databases."""
    return {state.key: state for state in states}


def _room(own: SequenceState, steps: int, wished: int) -> int:
    left = own.left - steps
    return wished if wished <= left else max(0, left // 2)


def _on_the_circle(own: SequenceState, source: SequenceState, margin: int) -> Place:
    first = own.minimum if own.increment > 0 else own.maximum
    size = (own.maximum - own.minimum) // abs(own.increment) + 1
    steps = ((source.next - first) // own.increment + min(margin, size // 2)) % size
    return Place(first + steps * own.increment, is_called=False)
