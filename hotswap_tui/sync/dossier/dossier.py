"""What was written on the secondary since traffic was moved there, and what a failback would lose of it.

SAFE is said only where something proves it: the server knows how every transaction has ended. Statistics illustrate.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.amount_words import count
from hotswap_tui.core.sync import Dossier, Flow, Safety
from hotswap_tui.core.values import Role
from hotswap_tui.routing.handover import HandoverError
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync import lsn
from hotswap_tui.sync.dossier import snapshots, taking, written
from hotswap_tui.sync.dossier.asking import Asking
from hotswap_tui.sync.dossier.mark import take_mark
from hotswap_tui.sync.dossier.stand import Stand, read_stand
from hotswap_tui.sync.dossier.tail import Tail, read_tail
from hotswap_tui.sync.dossier.transactions import Account, account
from hotswap_tui.sync.dossier.way_back import NoWayBackError, Since, find
from hotswap_tui.sync.handover import catching_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap_tui.core.sync import Mark
    from hotswap_tui.routing.inspection import Inspection

__all__ = ["examine", "prove_safe", "take_mark"]

NO_MARK: Final = "nothing was noted when traffic was moved there, so nothing proves what was written since"
_READ_ONLY: Final = (
    "the secondary is a standby, in recovery since before traffic was moved there: nobody can have written"
)
_SAME: Final = "both connection strings lead to one and the same database"
_ANOTHER: Final = "the secondary is another server than the one that traffic was moved to"
_RESTORED: Final = "the secondary was restored from a backup since traffic was moved there"
_PROMOTED: Final = "the secondary was promoted since traffic was moved there"
_REBUILT: Final = (
    "the secondary has become a standby since traffic was moved there, and nothing tells what was written before"
)
_BRANCHED: Final = "the secondary was restored or promoted since traffic was moved there"
_AGAIN_S: Final = 0.05
_LOOKS: Final = 3
"""A transaction that is open may be our own write check, which is soon over."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What the secondary itself shows."""

    proof: str = ""
    """Why it is safe; empty when nothing proves it."""
    doubt: str = ""
    transactions: int | None = None
    since: Since | None = None
    """None: a way back would prove nothing either, since it is not known from where on."""


async def examine(
    secondary: Inspection,
    primary: Inspection | None,
    mark: Mark | None,
    flows: Sequence[Flow],
    *,
    read_s: float,
    timeout_s: float,
) -> Dossier:
    """Return what has happened on the secondary since `mark`; `primary` None: it is not asked.

    `read_s`: the moment that the dossier is dated, monotonic seconds. Raises InspectionError for the secondary only.
    """
    here = Asking(secondary, timeout_s)
    there = None if primary is None else Asking(primary, timeout_s)
    if mark is None:
        return Dossier(Safety.DIVERGED, NO_MARK, read_s=read_s)
    now, finding = await _look(here, mark, flows)
    verdict, why = await _judge(here, there, finding, flows)
    rows, tables = (None, ()) if now.in_recovery else await written.since(here, mark)
    tail = Tail() if verdict is Safety.SAFE and why == _SAME else await read_tail(here, there, mark, now, flows)
    return Dossier(
        verdict,
        why,
        since_wall_s=mark.wall_s,
        read_s=read_s,
        transactions=finding.transactions,
        rows=rows,
        written=tables,
        tail_bytes=tail.missing_bytes,
        tail=tail.words,
        conflicts=tail.conflicts,
    )


async def prove_safe(inspect: Callable[[Role], Inspection], mark: Mark | None, timeout_s: float) -> str:
    """Return the proof, in words, that the primary lacks nothing that was written on the secondary since `mark`.

    Clients are held, so that what is found stays so. Raises HandoverError when nothing proves it within `timeout_s`.
    """
    if mark is None:
        raise HandoverError(NO_MARK)
    here, there = (Asking(inspect(role), timeout_s) for role in (Role.SECONDARY, Role.PRIMARY))
    try:
        _, finding = await _look(here, mark, await _flows(here, there))
        if finding.proof:
            return finding.proof
        if finding.since is None:
            raise HandoverError(finding.doubt)
        if await _one_database(here, there):
            return _SAME
        await _await_working(here, there, finding, finding.since)
    except InspectionError as error:
        raise HandoverError(f"what was written on the secondary cannot be found out: {error}") from error
    return await catching_up.catch_up(inspect, Role.SECONDARY, Role.PRIMARY, max(0.0, here.left_s), lambda _: None)


async def _flows(here: Asking, there: Asking) -> tuple[Flow, ...]:
    """Return what brings the primary's writes to the secondary, as it is now: those are not written there."""
    try:
        slots = await taking.slots(there)
    except InspectionError:
        return ()
    subscriptions = await taking.subscriptions(here)
    return tuple(Flow(Role.PRIMARY, each.name, each.works) for each in subscriptions if each.slot in slots)


async def _await_working(here: Asking, there: Asking, finding: _Finding, since: Since) -> None:
    try:
        way_back = await find(here, there, since, ())
    except NoWayBackError as error:
        raise HandoverError(f"{finding.doubt}, and {error}") from error
    if not way_back.works:
        raise HandoverError(f"{finding.doubt}, and the primary does not answer")


async def _judge(here: Asking, there: Asking | None, finding: _Finding, flows: Sequence[Flow]) -> tuple[Safety, str]:
    if finding.proof:
        return Safety.SAFE, finding.proof
    if finding.since is None:
        return Safety.DIVERGED, finding.doubt
    if there is not None and await _one_database(here, there):
        return Safety.SAFE, _SAME
    try:
        way_back = await find(here, there, finding.since, flows)
    except NoWayBackError as error:
        return Safety.DIVERGED, f"{finding.doubt}, and {error}"
    return Safety.NEEDS_SYNC, f"{finding.doubt}; {way_back.words}"


async def _one_database(here: Asking, there: Asking) -> bool:
    """Say whether both are one; a server is known by its system identifier and its start, to the microsecond."""
    secondary = await here.identify()
    try:
        primary = await there.identify()
    except InspectionError:
        return False
    known = secondary.system_identifier is not None
    return known and (
        (secondary.system_identifier, secondary.started_at, secondary.database)
        == (primary.system_identifier, primary.started_at, primary.database)
    )


async def _look(here: Asking, mark: Mark, flows: Sequence[Flow]) -> tuple[Stand, _Finding]:
    """Look at the secondary, and again while nothing but an open transaction is against a proof."""
    for looks in range(1, _LOOKS + 1):
        now = await read_stand(here)
        finding, wait = await _find(here, mark, now, flows)
        if not wait or looks == _LOOKS or here.left_s < 2 * _AGAIN_S:
            break
        await asyncio.sleep(_AGAIN_S)
    return now, finding


async def _find(here: Asking, mark: Mark, now: Stand, flows: Sequence[Flow]) -> tuple[_Finding, bool]:
    doubt = _unlike((await here.identify()).system_identifier, mark, now)
    if doubt:
        return _Finding(doubt=doubt), False
    if now.in_recovery:
        return _Finding(proof=_READ_ONLY), False
    then = snapshots.parse(mark.snapshot)
    found = await account(here, mark, then, now, flows)
    since = Since(mark, then, now.snapshot)
    if found.nothing_foreign:
        return _Finding(proof=_proof(found), transactions=0, since=since), False
    return _Finding(doubt=_doubt(found), transactions=found.foreign, since=since), found.foreign == 0


def _unlike(identifier: str | None, mark: Mark, now: Stand) -> str:
    """Return why what is found on this server cannot be compared with the mark; empty when it can."""
    then = None if mark.in_recovery else snapshots.parse(mark.snapshot)
    for unlike, why in (
        (None not in {identifier, mark.system_identifier} and identifier != mark.system_identifier, _ANOTHER),
        (mark.in_recovery and not now.in_recovery, _PROMOTED),
        (now.in_recovery and not mark.in_recovery, _REBUILT),
        (None not in {now.timeline, mark.timeline} and now.timeline != mark.timeline, _BRANCHED),
        (bool(mark.lsn) and now.place < lsn.place(mark.lsn), _RESTORED),
        (then is not None and now.snapshot.xmax < then.xmax, _RESTORED),
    ):
        if unlike:
            return why
    return ""


def _proof(found: Account) -> str:
    besides = []
    if found.own:
        besides.append(f"our own {count(found.own, 'write check')}")
    if found.ended.applied:
        besides.append(f"{count(found.ended.applied, 'transaction')} of the primary")
    if rolled_back := found.numbers - found.own - found.ended.applied:
        besides.append(f"{count(rolled_back, 'transaction')} that came to nothing")
    told = f" but {' and '.join(besides)}" if besides else ""
    return f"nothing was committed on the secondary since traffic was moved there{told}"


def _doubt(found: Account) -> str:
    if found.foreign is None and found.ended.forgotten:
        return f"of {count(found.ended.forgotten, 'transaction')} on the secondary the server does not know any more how they ended"
    if found.foreign is None and found.ended.committed > found.own:
        many = count(found.ended.committed - found.own, "transaction")
        return f"at least {many} that may not be ours were committed on the secondary"
    if found.foreign is None:
        return f"only {found.looked_at:,} of {count(found.numbers, 'transaction')} on the secondary were looked at"
    if found.foreign:
        return f"{count(found.foreign, 'transaction')} {_were(found.foreign)} committed on the secondary that {_are(found.foreign)} not ours"
    return f"{count(found.open, 'transaction')} {_are(found.open)} still open on the secondary, or prepared"


def _were(many: int) -> str:
    return "was" if many == 1 else "were"


def _are(many: int) -> str:
    return "is" if many == 1 else "are"
