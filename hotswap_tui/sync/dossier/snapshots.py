"""Transaction numbers: what a snapshot of PostgreSQL says about which had ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass

_HALF_CIRCLE = 1 << 31
_CIRCLE = 1 << 32


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`pg_snapshot` (PostgreSQL's manual, "Transaction ID and Snapshot Information Functions")."""

    xmin: int
    """Everything below had ended."""
    xmax: int
    """Nothing from here on had."""
    open: tuple[int, ...] = ()
    """What had not ended in between; top-level transactions only, whose end is their subtransactions' end."""

    def __str__(self) -> str:
        """Return it as the server writes it."""
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.open))}"

    def closed_by(self, number: int) -> Snapshot:
        """Return it with transaction `number`, which began after it, ended, and everything in between still open."""
        between = range(self.xmax, number)
        still_open = (*self.open, *between)
        return Snapshot(min((*still_open, number + 1)), number + 1, still_open)

    def unfinished(self, now: Snapshot) -> int:
        """Return how many numbers had not ended then and are below the end of `now`."""
        return len(self.open) + max(0, now.xmax - self.xmax)

    def is_new(self, number: int, now: Snapshot) -> bool:
        """Say whether the transaction had not ended then, and is one that `now` knows."""
        return number in self.open or self.xmax <= number < now.xmax

    def written_since(self, now: Snapshot, row: str) -> str:
        """Return the condition that a catalogue's `row` was written since, or by what was open then; 32 bits of it are kept."""
        width = now.xmax - self.xmin
        if width >= _HALF_CIRCLE:
            return "true"
        number = f"{row}.xmin::pg_catalog.text::pg_catalog.int8"
        return f"(({number} - {self.xmin % _CIRCLE} + {_CIRCLE}) % {_CIRCLE} < {width})"


def parse(text: str) -> Snapshot:
    """Return the snapshot that a server wrote; raises ValueError."""
    xmin, xmax, still_open = text.split(":")
    return Snapshot(int(xmin), int(xmax), tuple(int(number) for number in still_open.split(",") if number))
