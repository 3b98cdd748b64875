"""What keeps a database from being drained: the transactions that are open behind PgBouncer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.routing import readings
from hotswap_tui.routing.console import now_s
from hotswap_tui.routing.inspection import InspectionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hotswap_tui.routing.console import Console
    from hotswap_tui.routing.holding import Holding
    from hotswap_tui.routing.inspection import Inspection, OpenTransaction

_ASK_S: Final = 1.0
_DETAIL_S: Final = 0.5
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class Blockers:
    """Server connections that clients are linked to, and what they do as far as the server tells."""

    linked: int
    transactions: tuple[OpenTransaction, ...] = ()

    def older_than(self, age_s: float) -> str:
        """Return which transaction has been open for longer, in words; empty when none has."""
        oldest = max(self.transactions, key=lambda each: each.age_s, default=None)
        if oldest is None or oldest.age_s <= age_s:
            return ""
        return f"a transaction of {_name(oldest)} has been open for {oldest.age_s:.0f} s"

    def words(self) -> str:
        """Return what is open, the oldest first: `2 transactions still open: psql (pid 812) idle in transaction for 312 s; …`."""
        if not self.transactions:
            return (
                f"{_counted(self.linked, 'connection')} still in use"
                if self.linked
                else "other databases are still in use"
            )
        told = [_transaction(each) for each in self.transactions[:_TOLD]]
        more = len(self.transactions) - len(told)
        return f"{_counted(len(self.transactions), 'transaction')} still open: " + "; ".join(
            (*told, *([f"and {more} more"] if more else []))
        )


async def drain(
    holding: Holding,
    ask: Callable[[], Awaitable[Blockers]],
    limit_s: float,
    tell: Callable[[str], None],
    *,
    shared: bool,
) -> Blockers | None:
    """Wait until no transaction is open; return what is open all the same after `limit_s`. `tell` hears what it waits for.

    `shared`: PgBouncer waits for other databases, too, which do not concern us. Raises ConsoleError, also where the hold is lost.
    """
    deadline_s = now_s() + limit_s
    while not await holding.wait_drained(min(_DETAIL_S, max(0.0, deadline_s - now_s()))):
        found = await ask()
        if not found.linked and (shared or holding.answered):
            return None
        if now_s() >= deadline_s:
            return found
        tell(found.words())
    return None


async def blockers(console: Console, database: str, source: Inspection | None, deadline_s: float) -> Blockers:
    """Return what keeps `database` from being drained; `source` None: nobody can be asked. Raises ConsoleError."""
    busy = readings.busy(await console.run("SHOW SERVERS", deadline_s), database)
    pids = [pid for pid in busy if pid]
    if source is None or not pids:
        return Blockers(len(busy))
    try:
        return Blockers(len(busy), await source.open_transactions(pids, _ASK_S))
    except InspectionError:
        return Blockers(len(busy))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _transaction(each: OpenTransaction) -> str:
    return f"{_name(each)} {each.state or 'in a transaction'} for {each.age_s:.0f} s"


def _name(each: OpenTransaction) -> str:
    return f"{each.application or 'a client without a name'} (pid {each.pid})"
