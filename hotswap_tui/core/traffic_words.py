"""Where clients are sent, who of them waits and why: parts of the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.plan import Recipe, recipe
from hotswap_tui.core.sentence_parts import MAY, MUST, SHOULD, Part, clause
from hotswap_tui.core.switch_words import clients, moved
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import Level, Role, SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.core.values import RouterReading

NO_GATEWAY = "no gateway, nothing is moved, applications follow by themselves"
RELEASE_COMMAND = "hotswap-tui gateway release"
"""What ends a PAUSE that somebody else left behind."""
LONG_WAIT_S = 1.0
"""A pool that is merely busy makes clients wait for milliseconds."""
MOVED_NEWS_S = 300.0
"""For how long a switch that is over is told."""
_JOINT = "   "
_NOBODY_LISTENS = ("connection refused", "no such file or directory")


def total(traffic: Traffic) -> int:
    """Return how many clients are connected."""
    return traffic.clients_active + traffic.clients_waiting


def agrees(snapshot: Snapshot) -> bool:
    """Say whether the data plane was read and points to the active database: only then it gets a tick."""
    router = snapshot.router
    return not router.error and not snapshot.disagrees and router.points_to is snapshot.active


def mark(snapshot: Snapshot) -> str:
    """Return the sign of the read-back: ✓ it agrees, ? and a switch has left it open who answers, ✗ it does not."""
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


def cut_from_clients(router: RouterReading) -> bool:
    """Say whether nobody listens where PgBouncer should: not the console alone is out of reach then."""
    return any(reason in router.error.casefold() for reason in _NOBODY_LISTENS)


def unanswered(snapshot: Snapshot) -> int | None:
    """Return how many clients get no answer; None where nobody has counted them since that began.

    PgBouncer's own figure leaves out whoever is linked to a server, however long that server has been silent. So while
    clients are held, or the active database answers nobody, those count as well.
    """
    traffic = snapshot.router.traffic
    if traffic is None:
        return None
    since_s = _silent_since_s(snapshot)
    if since_s is None:
        return traffic.clients_waiting
    return traffic.clients_waiting + traffic.servers_active if traffic.at_s >= since_s else None


def _silent_since_s(snapshot: Snapshot) -> float | None:
    """Return since when clients are held or the active database answers nobody, None while neither is so."""
    if snapshot.hold is not None:
        return snapshot.hold.since_s
    view = snapshot.database(snapshot.active)
    if view is None or view.down_since_s is None or _left(snapshot) is Recipe.PLANNED:
        return None
    return view.down_since_s


def _left(snapshot: Snapshot) -> Recipe:
    view = snapshot.database(snapshot.active)
    return recipe(snapshot.active, view.verdict.fault if view is not None and view.verdict is not None else None)


def wait_words(snapshot: Snapshot) -> str:
    """Return `8 wait` or `8 hang at primary`; empty where nobody has counted them."""
    many, traffic = unanswered(snapshot), snapshot.router.traffic
    if many is None or traffic is None:
        return ""
    hang = snapshot.hold is None and _silent_since_s(snapshot) is not None and _left(snapshot) is Recipe.HUNG
    return f"{many} hang at {snapshot.active}" if hang and traffic.servers_active else f"{many} wait"


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
    many, level = _clients(snapshot, router.traffic)
    connected = clients(total(router.traffic))
    shorter = (f"{short}{_JOINT}{many}", f"{short}{_JOINT}{connected}", short)
    return [Part(f"{where}{_JOINT}{many}", shorter, level, rank=SHOULD)]


def _clients(snapshot: Snapshot, traffic: Traffic) -> tuple[str, Level | None]:
    """Return `42 clients, 0 wait`, with the longest wait and as a warning where that is long."""
    known = wait_words(snapshot)
    words = ", ".join(filter(None, (clients(total(traffic)), known)))
    if known.endswith("wait") and traffic.clients_waiting and traffic.max_wait_s >= LONG_WAIT_S:
        return f"{words} {age(traffic.max_wait_s)}", Level.WARNING
    return words, None


def waiting(snapshot: Snapshot, now_s: float) -> list[Part]:
    """Say that clients are kept waiting, by this program or by somebody else; nothing when they are not."""
    many, words = unanswered(snapshot), wait_words(snapshot)
    wait = f", {words}" if words else ""
    held = snapshot.hold
    if held is not None:
        for_s = age(now_s - held.since_s)
        span = f"held {for_s} of {held.until_s - held.since_s:g}s"
        short = "held" if many is None else f"{many} held"
        shorter = (f"{span}{wait}", f"{short}{span.removeprefix('held')}", f"{short} {for_s}", short)
        return [Part(f"clients {span}{wait}", shorter, Level.WARNING)]
    if paused_by_others(snapshot):
        by = f"PAUSED by somebody else{wait}"
        return [Part(f"pgbouncer is {by}", (by, f"PAUSED{wait}"), Level.BAD)]
    return []


def in_trouble(snapshot: Snapshot, now_s: float) -> list[Part]:
    """Say who waits while something else is the news: what keeps clients waiting, else how many there are."""
    parts = waiting(snapshot, now_s)
    traffic = snapshot.router.traffic
    if snapshot.router.error:
        parts.append(Part("pgbouncer cannot be read", level=Level.BAD, rank=SHOULD))
    if parts or traffic is None:
        return parts
    words, level = _clients(snapshot, traffic)
    known, many = wait_words(snapshot), unanswered(snapshot)
    shorter = (known, known.partition(" at ")[0]) if known else ()
    return [Part(words, shorter, level, rank=MUST if many or not snapshot.serving else MAY)]


def paused(snapshot: Snapshot) -> list[Part]:
    """Say that somebody else has stopped the clients of a database that serves, who waits, and what lets them go on."""
    role = f"{snapshot.active.value.upper()} serving"
    subject = Part(
        f"{role} but pgbouncer is PAUSED by somebody else",
        (f"{role} but pgbouncer is PAUSED", f"{role}, pgbouncer PAUSED", "pgbouncer PAUSED"),
    )
    told = Part(f"{RELEASE_COMMAND} lets them go on", (RELEASE_COMMAND,), rank=SHOULD)
    traffic, words = snapshot.router.traffic, wait_words(snapshot)
    if traffic is None:
        return [subject, told]
    return [subject, Part(f"{words} {age(traffic.max_wait_s)}", (words,), Level.BAD), told]


def unreadable(snapshot: Snapshot) -> list[Part]:
    """Say that the data plane cannot be read and why, in all its words down to the bare reason; who serves matters less."""
    error = snapshot.router.error
    serving = f"{snapshot.active.value.upper()} serving"
    without = clause(error)
    reason = without.rpartition(": ")[2]
    look = Part("what to do", ("why",), command="panel-traffic", rank=SHOULD)
    if cut_from_clients(snapshot.router):
        subject = Part("APPLICATIONS CANNOT CONNECT")
        shorter = (without, f"PgBouncer does not answer: {reason}", f"pgbouncer: {reason}", reason)
        return [subject, Part(error, shorter, Level.BAD), Part(serving, rank=MAY), look]
    subject = Part(f"{serving} but pgbouncer cannot be read", (f"{serving}, pgbouncer unreadable",))
    return [subject, Part(error, (without, reason), Level.BAD), look]


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
    """Say, for a while, what the switch cost that brought the active database, unless that has failed since."""
    last = snapshot.last_switch
    if last is None or last.result != "done" or last.switch.kind is SwitchKind.REPAIR or not snapshot.router.routed:
        return []
    stale = now_s - last.finished_s > MOVED_NEWS_S or snapshot.since_s > last.finished_s
    if last.switch.target is not snapshot.active or stale:
        return []
    full, *shorter = moved(last)
    return [Part(full, tuple(shorter), rank=MAY)]
