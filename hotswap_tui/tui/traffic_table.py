"""The data plane's pools as one row of fixed columns: right-aligned figures, the unit in the header, their age at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.time_words import age
from hotswap_tui.core.traffic_words import LONG_WAIT_S, mark, paused_by_others, total, unanswered
from hotswap_tui.tui.cells import Row, Span, Tone, fit, right
from hotswap_tui.tui.event_rows import head_row

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.tui.view import View

LINES = 3
_OLD_S = 5.0
_WIDEST_ADDRESS = 40
_WIDE = 118
_COLUMNS = (
    ("clients", 8),
    ("waiting", 8),
    ("max s", 7),
    ("servers busy", 13),
    ("idle", 5),
    ("queries/s", 10),
    ("mean ms", 8),
)
_WIDE_COLUMNS = (
    ("clients", 10),
    ("waiting", 10),
    ("max wait s", 13),
    ("servers busy", 16),
    ("idle", 7),
    ("queries/s", 14),
    ("mean ms", 12),
)


def version_words(snapshot: Snapshot) -> str:
    """Return PgBouncer's version and pool mode, as far as they are known."""
    router = snapshot.router
    version = f"pgbouncer {'.'.join(map(str, router.version))}" if router.version else "pgbouncer"
    return f"{version}, {router.pool_mode} mode" if router.pool_mode is not None else version


def seen(view: View) -> Span:
    """Return the age of the data plane's figures."""
    traffic = view.snapshot.router.traffic
    if traffic is None:
        return Span("no figures", Tone.DIM)
    old_s = view.now_s - traffic.at_s
    return Span(f"seen {right(age(old_s), 4)}", Tone.WARNING if old_s > _OLD_S else Tone.DIM)


def figures(snapshot: Snapshot) -> list[Span]:
    """Return the figures of the columns."""
    traffic, waiting = snapshot.router.traffic, unanswered(snapshot)
    if traffic is None:
        return [Span("-", Tone.DIM) for _ in _COLUMNS]
    late = traffic.clients_waiting > 0 and traffic.max_wait_s >= LONG_WAIT_S
    tone = Tone.WARNING if late else Tone.PLAIN
    return [
        Span(str(total(traffic))),
        Span(
            "-" if waiting is None else str(waiting),
            Tone.WARNING if waiting and waiting > traffic.clients_waiting else tone,
        ),
        Span(f"{traffic.max_wait_s:.2f}", tone),
        Span(str(traffic.servers_active)),
        Span(str(traffic.servers_idle)),
        Span("-" if traffic.queries_per_s is None else f"{traffic.queries_per_s:.1f}"),
        Span("-" if traffic.mean_query_ms is None else f"{traffic.mean_query_ms:.2f}"),
    ]


def target(snapshot: Snapshot) -> Span:
    """Return where the data plane points, ticked when that is the active database."""
    router = snapshot.router
    if router.error:
        return Span(f"cannot be read: {router.error}", Tone.BAD)
    if paused_by_others(snapshot):
        return Span(f"→ {router.address} PAUSED", Tone.BAD)
    sign = mark(snapshot)
    return Span(f"→ {router.address or 'nowhere'} {sign}", Tone.STRONG if sign == "✓" else Tone.BAD)


def traffic_rows(view: View, width: int) -> list[Row]:
    """Return head, header and figures."""
    snapshot = view.snapshot
    age_span = seen(view)
    head = head_row("traffic", f"{version_words(snapshot)}   {age_span.text}", width, age_span.tone)
    columns = _WIDE_COLUMNS if width >= _WIDE else _COLUMNS
    room = min(width - 2 - sum(cells for _, cells in columns), _WIDEST_ADDRESS)
    header = f"  {fit('pgbouncer', room)}" + "".join(right(title, cells) for title, cells in columns)
    where = target(snapshot)
    if snapshot.router.error:
        return [
            head,
            Row((Span(fit(header, width), Tone.DIM),)),
            Row((Span("  "), Span(fit(where.text, width - 2), where.tone))),
        ]
    cells = [
        Span(right(span.text, cells), span.tone) for span, (_, cells) in zip(figures(snapshot), columns, strict=True)
    ]
    place = _placed(where, room)
    return [head, Row((Span(fit(header, width), Tone.DIM),)), Row((Span("  "), place, *cells))]


def _placed(where: Span, room: int) -> Span:
    """Return the address in `room` cells with its mark kept: the mark is what matters."""
    words, _, mark = where.text.rpartition(" ")
    return Span(fit(f"{fit(words, min(len(words), room - len(mark) - 1))} {mark}", room), where.tone)
