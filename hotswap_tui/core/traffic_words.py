"""Where clients are sent, who of them waits and why: parts of the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.sentence_parts import MAY, SHOULD, Part, clause
from hotswap_tui.core.switch_words import clients, moved
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Level, Role

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.core.values import RouterReading

NO_GATEWAY = "no gateway, nothing is moved, applications follow by themselves"
LONG_WAIT_S = 1.0
"""A pool that is merely busy makes clients wait for milliseconds."""
MOVED_NEWS_S = 300.0
"""For how long a switch that is over is told."""
_JOINT = "   "


def total(traffic: Traffic) -> int:
    """Return how many clients are connected."""
    return traffic.clients_active + traffic.clients_waiting


def agrees(snapshot: Snapshot) -> bool:
    """Say whether the data plane was read and points to the active database: only then it gets a tick."""
    router = snapshot.router
    return not router.error and not snapshot.disagrees and router.points_to is snapshot.active


def mark(snapshot: Snapshot) -> str:
    """Return the sign of the read-back: ✓ it agrees, ? nobody has seen who answers, ✗ it does not."""
    if not agrees(snapshot):
        return "✗"
    return "?" if unproven(snapshot) else "✓"


def paused_by_others(snapshot: Snapshot) -> bool:
    """Say whether somebody else made clients wait."""
    return snapshot.router.paused and snapshot.hold is None and snapshot.switch is None


def unproven(snapshot: Snapshot) -> bool:
    """Say whether the last switch ended without a proof of who answers, and none has come since."""
    last = snapshot.last_switch
    return last is not None and last.result == "unknown" and snapshot.switch is None and not snapshot.router.proven


def gateway(snapshot: Snapshot) -> list[Part]:
    """Say where the data plane points, and how many clients it has."""
    router = snapshot.router
    if not router.routed:
        if snapshot.secondary is None:
            return [Part("watching one database", rank=MAY)]
        told = NO_GATEWAY if snapshot.active is Role.PRIMARY else NO_GATEWAY.partition(", ")[2]
        return [Part(told, (told.rpartition(", ")[0],), rank=MAY)]
    if not router.address:
        return [Part("pgbouncer not read yet", rank=MAY)]
    sign = mark(snapshot)
    where, short = f"pgbouncer → {router.address} {sign}", f"pgbouncer {sign}"
    if router.traffic is None:
        return [Part(where, (short,), rank=SHOULD)]
    many, level = _clients(router.traffic)
    connected = clients(total(router.traffic))
    shorter = (f"{short}{_JOINT}{many}", f"{short}{_JOINT}{connected}", short)
    return [Part(f"{where}{_JOINT}{many}", shorter, level, rank=SHOULD)]


def _clients(traffic: Traffic) -> tuple[str, Level | None]:
    """Return `42 clients, 0 wait`, with the longest wait and as a warning where that is long."""
    words = f"{clients(total(traffic))}, {traffic.clients_waiting} wait"
    if traffic.clients_waiting and traffic.max_wait_s >= LONG_WAIT_S:
        return f"{words} {age(traffic.max_wait_s)}", Level.WARNING
    return words, None


def waiting(snapshot: Snapshot, now_s: float) -> list[Part]:
    """Say that clients are kept waiting, by this program or by somebody else; nothing when they are not."""
    traffic = snapshot.router.traffic
    many = traffic.clients_waiting if traffic is not None else None
    held = snapshot.hold
    if held is not None:
        span = f"held {age(now_s - held.since_s)} of {held.until_s - held.since_s:g}s"
        if many is None:
            return [Part(f"clients {span}", (span,), Level.WARNING)]
        return [Part(f"clients {span}, {many} wait", (f"{span}, {many} wait", f"{many} {span}"), Level.WARNING)]
    if paused_by_others(snapshot):
        wait = f", {many} wait" if many is not None else ""
        return [
            Part(f"pgbouncer is PAUSED by somebody else{wait}", (f"PAUSED by somebody else{wait}", "PAUSED"), Level.BAD)
        ]
    return []


def in_trouble(snapshot: Snapshot, now_s: float) -> list[Part]:
    """Say who waits while something else is the news: what keeps clients waiting, else how many there are."""
    parts = waiting(snapshot, now_s)
    traffic = snapshot.router.traffic
    if snapshot.router.error:
        parts.append(Part("pgbouncer cannot be read", level=Level.BAD, rank=SHOULD))
    if parts or traffic is None:
        return parts
    words, level = _clients(traffic)
    return [Part(words, level=level, rank=MAY)]


def unreadable(router: RouterReading) -> list[Part]:
    """Say why the data plane cannot be read: all of it, without the advice, or the bare reason."""
    without = clause(router.error)
    return [Part(router.error, (without, without.rpartition(": ")[2]), Level.BAD)]


def not_proven(snapshot: Snapshot) -> list[Part]:
    """Say that nobody has seen who answers the clients, and where to look."""
    last = snapshot.last_switch
    why = f": {last.error}" if last is not None and last.error else ""
    doubt = "NOT PROVEN who answers"
    shorter = (f"{doubt}{clause(why)}", doubt, "NOT PROVEN")
    return [
        Part(f"{doubt}{why}", shorter, Level.BAD),
        Part("what to look at", ("look",), command="panel-traffic", rank=SHOULD),
    ]


def news(snapshot: Snapshot, now_s: float) -> list[Part]:
    """Say what the last switch cost, for a while."""
    last = snapshot.last_switch
    if last is None or last.result != "done" or not snapshot.router.routed:
        return []
    if last.switch.target is not snapshot.active or now_s - last.finished_s > MOVED_NEWS_S:
        return []
    full, *shorter = moved(last)
    return [Part(full, tuple(shorter), rank=SHOULD)]
