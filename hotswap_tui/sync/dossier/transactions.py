"""Which transactions were committed since the mark and are not ours: the proof that nothing was written.

Whoever writes a row has a transaction number, and the server knows how each of them has ended. The numbers are those of the whole
server, its other databases and its own maintenance (ANALYZE) included, and cannot be told apart: then nothing is proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.dossier.asking import template
from hotswap_tui.sync.dossier.stand import own_since
from hotswap_tui.sync.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.core.sync import Flow, Mark
    from hotswap_tui.sync.dossier.asking import Asking
    from hotswap_tui.sync.dossier.snapshots import Snapshot
    from hotswap_tui.sync.dossier.stand import Stand

AT_ONCE: Final = 20_000
"""Numbers of one statement, about 20 ms."""
MOST: Final = 100_000
"""Numbers that are looked at; beyond that nothing is proven."""
_QUERY: Final = template("transactions")
_ORIGINS: Final = template("origins")
_TELLS_ORIGIN = 140_000
"""The first version with pg_xact_commit_timestamp_origin."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the transactions since the mark have ended."""

    committed: int = 0
    """Subtransactions included, which have numbers of their own; not what replication brought."""
    applied: int = 0
    """Those that replication brought, where the server tells them."""
    open: int = 0
    forgotten: int = 0
    """So old that the server does not know any more."""

    def __add__(self, other: Ended) -> Ended:
        """Return the sums."""
        return Ended(
            self.committed + other.committed,
            self.applied + other.applied,
            self.open + other.open,
            self.forgotten + other.forgotten,
        )


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of the transactions since the mark."""

    foreign: int | None
    """Committed, and neither ours nor brought by replication; None: they were not all looked at, or are not all known."""
    own: int = 0
    ended: Ended = Ended()
    open: int = 0
    """Not ended yet, or prepared."""
    numbers: int = 0
    """How many numbers there were."""
    looked_at: int = 0
    """How many of them were asked for."""

    @property
    def nothing_foreign(self) -> bool:
        """Say whether it is proven that nobody else has committed anything, or is about to."""
        return self.foreign == 0 and not self.open


async def account(asking: Asking, mark: Mark, then: Snapshot, now: Stand, flows: Sequence[Flow]) -> Account:
    """Return what became of every transaction that had not ended at the mark; raises InspectionError."""
    numbers, own = then.unfinished(now.snapshot), own_since(mark, then, now)
    if numbers == own:
        return Account(0, own, Ended(own), now.open, numbers, numbers)
    ended, looked_at = await _look(asking, then, now, own, await _applied(asking, now, flows))
    if looked_at == numbers and own > ended.committed:
        own = 0  # a count that is ahead of the truth is not ours
    known = looked_at == numbers and not ended.forgotten
    return Account(ended.committed - own if known else None, own, ended, max(now.open, ended.open), numbers, looked_at)


async def _look(asking: Asking, then: Snapshot, now: Stand, own: int, applied: str) -> tuple[Ended, int]:
    """Look the numbers up, and go on while nothing speaks against a proof; return how they ended, and how many those are."""
    ended, looked_at, first = Ended(), 0, then.xmax
    still_open = then.open
    while looked_at == 0 or (first < now.snapshot.xmax and ended.committed <= own and looked_at < MOST):
        last = min(now.snapshot.xmax, first + AT_ONCE) - 1
        query = _QUERY.substitute(
            open=",".join(map(str, still_open)),
            first=first,
            last=last,
            now=literal(str(now.snapshot)),
            applied=applied,
        )
        ended += _ended(await asking.row(query))
        looked_at += len(still_open) + max(0, last + 1 - first)
        still_open, first = (), last + 1
    return ended, looked_at


def _ended(row: tuple[str | None, ...]) -> Ended:
    try:
        return Ended(*(int(str(count)) for count in row))
    except (TypeError, ValueError) as error:
        raise InspectionError("not the answer that was asked for") from error


async def _applied(asking: Asking, now: Stand, flows: Sequence[Flow]) -> str:
    """Return the condition that a transaction was brought from the primary; false where the server does not tell."""
    names = [literal(flow.name) for flow in flows if flow.source is Role.PRIMARY]
    if not names or not now.tracks_origins or now.version < _TELLS_ORIGIN:
        return "false"
    origins = ",".join(
        str(int(str(number))) for (number,) in await asking.rows(_ORIGINS.substitute(names=",".join(names)))
    )
    came_from = "(pg_catalog.pg_xact_commit_timestamp_origin(id::pg_catalog.xid)).roident"
    return f"COALESCE({came_from} = ANY ('{{{origins}}}'::pg_catalog.oid[]), false)"
