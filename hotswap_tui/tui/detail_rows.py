"""Everything known about one database or one event, as labelled lines that break rather than being cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.switch_words import clients
from hotswap_tui.core.time_words import age, duration
from hotswap_tui.core.traffic_words import total, wait_words
from hotswap_tui.core.values import Health
from hotswap_tui.tui.cells import LEVEL_TONES, Row, Span, Tone, fit, pack, wrap
from hotswap_tui.tui.table import latency, state_of
from hotswap_tui.tui.view import local

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.core.values import Event, Fault, Role, ServerFacts, Verdict
    from hotswap_tui.tui.view import View

_LABEL = 16


def labelled(label: str, text: str, width: int, tone: Tone = Tone.PLAIN) -> list[Row]:
    """Return a label and its text, broken under itself."""
    return _under(label, wrap(text, width - _LABEL - 2), tone)


def listed(label: str, items: Iterable[str], width: int) -> list[Row]:
    """Return a label and items beside and under each other."""
    return _under(label, pack(items, width - _LABEL - 2), Tone.PLAIN)


def _under(label: str, lines: Sequence[str], tone: Tone) -> list[Row]:
    head = Row((Span(f" {fit(label, _LABEL)}", Tone.DIM), Span(lines[0], tone)))
    return [head, *(Row((Span(" " * (_LABEL + 1)), Span(line, tone))) for line in lines[1:])]


def database_rows(view: View, database: DatabaseView, width: int) -> list[Row]:
    """Return the facts of one database, what is wrong with it first."""
    state = state_of(database)
    rows = labelled("state", f"{state.text}   {_streak(view, database)}", width, state.tone)
    verdict, facts = database.verdict, database.facts
    if verdict is not None and verdict.fault is not None:
        rows += _error(verdict, verdict.fault, width)
    rows += labelled("address", database.address, width)
    if view.snapshot.router.routed:
        rows += labelled("clients", clients_of(view.snapshot, database.role), width)
    if facts is not None:
        rows += _server(facts, width, down=database.health is Health.DOWN)
    rows += labelled("last answer", _ago(view, database.last_pass_s), width)
    if verdict is not None:
        rows += labelled("last check", _ago(view, verdict.finished_s), width)
        rows += labelled("took", _figures(verdict), width)
    rows += labelled("next check", _next(view, database), width)
    if facts is not None:
        started = local(facts.started_at).isoformat(timespec="seconds")
        up_s = view.wall_s(view.now_s) - facts.started_at
        rows += labelled("started", f"{started} ({duration(up_s)} ago)", width)
    rows += labelled("url", database.url, width)
    for index, note in enumerate(database.notes):
        rows += labelled("set aside" if index == 0 else "", note, width)
    return rows


def clients_of(snapshot: Snapshot, role: Role) -> str:
    """Return whether the gateway sends clients to `role`, and how many."""
    router, traffic = snapshot.router, snapshot.router.traffic
    if router.error:
        return f"pgbouncer cannot be read: {router.error}"
    if router.points_to is not role:
        return "none: pgbouncer points elsewhere"
    many = "" if traffic is None else ": " + ", ".join(filter(None, (clients(total(traffic)), wait_words(snapshot))))
    return f"pgbouncer points here{many}"


def _streak(view: View, database: DatabaseView) -> str:
    if not database.failures:
        return f"{database.passes} checks passed in a row"
    many = "1 check" if database.failures == 1 else f"{database.failures} checks"
    threshold = f"DOWN at {view.snapshot.policy.failure_threshold}"
    if database.down_since_s is None:
        return f"{many} failed in a row; {threshold}"
    return f"{many} failed in a row, {duration(view.now_s - database.down_since_s)}; {threshold}"


def _error(verdict: Verdict, fault: Fault, width: int) -> list[Row]:
    rows = labelled("outcome", fault.words, width, Tone.BAD)
    rows += labelled("error", verdict.detail or "-", width, Tone.BAD)
    return rows + labelled("SQLSTATE", verdict.sqlstate or "none", width)


def _ago(view: View, moment_s: float | None) -> str:
    if moment_s is None:
        return "never"
    return f"{age(view.now_s - moment_s)} ago, {local(view.wall_s(moment_s)).isoformat(timespec='milliseconds')}"


def _next(view: View, database: DatabaseView) -> str:
    if database.checking:
        return "running"
    wait_s = database.next_check_s - view.now_s
    return f"in {age(wait_s)}" if wait_s > 0 else "now"


def _figures(verdict: Verdict) -> str:
    figures = []
    if verdict.latency_ms is not None:
        figures.append(f"answer {latency(verdict.latency_ms)} ms")
    if verdict.connect_ms is not None:
        figures.append(f"connect {latency(verdict.connect_ms)} ms")
    figures.append("new connection" if verdict.fresh else "kept connection")
    if verdict.loop_delay_ms >= 1:
        figures.append(f"own delay {latency(verdict.loop_delay_ms)} ms")
    return ", ".join(figures)


def _server(facts: ServerFacts, width: int, *, down: bool) -> list[Row]:
    """Return what is known of the server, as a memory where it is down."""
    known = Tone.DIM if down else Tone.PLAIN
    last = " when last seen" if down else ""
    access = "read-only" if facts.read_only else "read and write"
    standby = ", in recovery (a standby)" if facts.in_recovery else ""
    rows = labelled("server", f"PostgreSQL {facts.version}", width, known)
    rows += labelled("access", access + standby + last, width, Tone.WARNING if facts.read_only and not down else known)
    return rows + labelled("connections", f"{facts.connections} of {facts.max_connections}{last}", width, known)


def event_rows(event: Event, width: int) -> list[Row]:
    """Return one event in full."""
    tone = LEVEL_TONES[event.level]
    rows = labelled("event", f"{event.level.value} {event.text}", width, tone)
    rows += labelled("at", local(event.wall_s).isoformat(timespec="milliseconds"), width)
    rows += labelled("kind", f"{event.kind}, number {event.id}", width)
    if event.role is not None:
        rows += labelled("database", event.role.value, width)
    for label, value in _ordered(event.data.items()):
        if value != "":
            rows += labelled(label.replace("_", " "), str(value), width)
    return rows


def _ordered(items: Iterable[tuple[str, str | int | float]]) -> list[tuple[str, str | int | float]]:
    """Put the exact error first: it is what a person came for."""
    first = ("error", "sqlstate", "fault")
    return sorted(items, key=lambda item: (first.index(item[0]) if item[0] in first else len(first), item[0]))
