"""The two databases as a table of fixed columns: right-aligned figures, the unit in the header, no sorting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hotswap_tui.core.health_words import state_words
from hotswap_tui.core.latency import step_for
from hotswap_tui.core.sync import behind_s
from hotswap_tui.core.time_words import age
from hotswap_tui.core.values import HOT_SWAP_HINT, Health, Role, State
from hotswap_tui.tui.cells import Row, Span, Tone, fit, right, width_of, wrap
from hotswap_tui.tui.chart_scale import next_scale
from hotswap_tui.tui.sparkline import sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.snapshot import DatabaseView
    from hotswap_tui.tui.view import View

HEALTH_TONES: Mapping[Health, Tone] = {
    Health.UNKNOWN: Tone.DIM,
    Health.UP: Tone.GOOD,
    Health.DEGRADED: Tone.WARNING,
    Health.FAILING: Tone.WARNING,
    Health.DOWN: Tone.BAD,
}
_HINT_INDENT = 13
_ALWAYS, _NORMAL, _WIDE = 0, 76, 118
_ADDRESS_WIDTHS = ((80, 22), (_NORMAL, 18))
_OLD_LOOKS = 1.5
"""A lag that is older than so many looks at the pair is dimmed."""
_SPARK_FREE = 40
"""Cells that must be free at the right for the latency in one row."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; shown from `from_width` cells of screen on."""

    title: str
    width: int
    cell: Callable[[DatabaseView, View], Span]
    from_width: int = _ALWAYS
    left: bool = False
    gives_way: bool = False
    """Whether the words of a failed check, which begin in the column before, may cover it."""


def latency(value_ms: float | None) -> str:
    """Return milliseconds with one decimal, `-` for None."""
    return "-" if value_ms is None else f"{value_ms:.1f}"


def state_of(database: DatabaseView) -> Span:
    """Return the database's health as sign and word, in its tone."""
    return Span(state_words(database), HEALTH_TONES[database.health])


def _last(database: DatabaseView, _view: View) -> Span:
    verdict = database.verdict
    if verdict is None:
        return Span("-", Tone.DIM)
    if verdict.fault is not None:
        return Span(verdict.fault.words, HEALTH_TONES[database.health])
    return Span(latency(verdict.measured_ms))


def _fails(database: DatabaseView, view: View) -> Span:
    """Return the failures of the threshold, or the passes that a primary on its way back has of those it needs."""
    policy = view.snapshot.policy
    returning = view.snapshot.state is State.SECONDARY and database.role is Role.PRIMARY
    if returning and 0 < database.passes < policy.recovery_threshold:
        return Span(f"ok {database.passes}/{policy.recovery_threshold}", Tone.GOOD)
    tone = Tone.PLAIN if database.failures == 0 else HEALTH_TONES[database.health]
    return Span(f"{min(database.failures, policy.failure_threshold)}/{policy.failure_threshold}", tone)


def _seen(database: DatabaseView, view: View) -> Span:
    if database.last_pass_s is None:
        return Span("never" if database.verdict is not None else "-", Tone.DIM)
    return Span(age(view.now_s - database.last_pass_s))


def _lag(database: DatabaseView, view: View) -> Span:
    """Return how far the database that does not serve is behind; while nothing flows, that and the time since."""
    snapshot = view.snapshot
    flow = snapshot.sync.flow(database.role.other) if snapshot.sync is not None else None
    if database.role is snapshot.active or flow is None or flow.lag_s is None or flow.measured_s is None:
        return Span("-", Tone.DIM)
    if not flow.streaming:
        return Span(age(behind_s(flow, view.now_s)), Tone.WARNING)
    limit_s, old_s = snapshot.policy.max_lag_s, view.now_s - flow.measured_s
    if old_s > _OLD_LOOKS * max(snapshot.policy.sync_interval_s, snapshot.policy.standby_check_interval_s):
        return Span(age(flow.lag_s), Tone.DIM)
    return Span(age(flow.lag_s), Tone.WARNING if limit_s is not None and flow.lag_s > limit_s else Tone.PLAIN)


def _connections(database: DatabaseView, _view: View) -> Span:
    facts = database.facts
    if facts is None or database.health is Health.DOWN:
        return Span("-", Tone.DIM)
    return Span(f"{facts.connections}/{facts.max_connections}")


def _version(database: DatabaseView, _view: View) -> Span:
    if database.facts is None:
        return Span("-", Tone.DIM)
    known = Tone.DIM if database.health is Health.DOWN else Tone.PLAIN
    return Span(database.facts.version.split(" ")[0], known)


def _percentage(database: DatabaseView, view: View) -> Span:
    percent = view.stats(database.role).ok_percent
    if percent is None:
        return Span("-", Tone.DIM)
    shown = min(percent, 99.9) if percent < 100 else 100.0
    return Span(f"{shown:.1f}", Tone.PLAIN)


def _at(width: int, widths: tuple[tuple[int, int], ...]) -> int:
    return next((cells for at_least, cells in widths if width >= at_least), 0)


def columns(width: int) -> tuple[Column, ...]:
    """Return the columns of a screen `width` cells wide."""
    every = (
        Column("database", 10, lambda d, _: Span(d.role.value, Tone.STRONG), left=True),
        Column("address", _at(width, _ADDRESS_WIDTHS), lambda d, _: Span(d.address), _NORMAL, left=True),
        Column("state", 10, lambda d, _: state_of(d), left=True),
        Column("last ms", 8, _last),
        Column("p50 ms", 7, lambda d, v: Span(latency(v.stats(d.role).p50_ms)), _WIDE, gives_way=True),
        Column("p95 ms", 7, lambda d, v: Span(latency(v.stats(d.role).p95_ms)), gives_way=True),
        Column("max ms", 8, lambda d, v: Span(latency(v.stats(d.role).max_ms)), _WIDE, gives_way=True),
        Column("ok %", 7, _percentage, _WIDE),
        Column("lag", 5, _lag, gives_way=True),
        Column("fails", 7, _fails),
        Column("conns", 8, _connections, _WIDE),
        Column("version", 8, _version, _WIDE),
        Column("seen", 6, _seen),
    )
    return _with_sparkline(tuple(column for column in every if width >= column.from_width), width)


def _with_sparkline(shown: tuple[Column, ...], width: int) -> tuple[Column, ...]:
    free = width - 2 - sum(column.width + column.left for column in shown)
    if free < _SPARK_FREE:
        return shown
    return (*shown, Column("latency", free, lambda d, v: _spark(d, v, free - 2)))


def _spark(database: DatabaseView, view: View, cells: int) -> Span:
    step_s = step_for(view.choices.window_s, cells)
    history, hold_s = view.histories[database.role], view.hold_s(database.role)
    buckets = history.buckets(view.now_s, step_s, cells, hold_s=hold_s)
    scale = next_scale(None, buckets, view.now_s, log=view.choices.log_axis)
    return Span(sparkline(buckets, cells, scale, ascii_only=view.choices.ascii), Tone.DIM)


def table_rows(view: View, width: int, selected: Role | None = None) -> list[Row]:
    """Return the header and a row a database; a missing secondary is replaced by how to get one."""
    lagging = view.snapshot.secondary is not None
    shown = tuple(column for column in columns(width) if lagging or column.title != "lag")
    header = "  " + "".join(_place(column, column.title) for column in shown)
    rows = [Row((Span(fit(header, width), Tone.DIM),)), _row(view, view.snapshot.primary, shown, selected)]
    if view.snapshot.secondary is not None:
        return [*rows, _row(view, view.snapshot.secondary, shown, selected)]
    return [*rows, *_hint_rows(width)]


def _hint_rows(width: int) -> list[Row]:
    lines = wrap(HOT_SWAP_HINT, width - _HINT_INDENT - 1)
    labels = ["  secondary", *("" for _ in lines[1:])]
    return [
        Row((Span(fit(label, _HINT_INDENT), Tone.DIM), Span(line))) for label, line in zip(labels, lines, strict=True)
    ]


def _row(view: View, database: DatabaseView, shown: tuple[Column, ...], selected: Role | None) -> Row:
    serves = database.role is view.snapshot.active and view.snapshot.serving
    spans = [Span("▶ " if serves else "  ", Tone.GOOD)]
    covered = 0
    for index, column in enumerate(shown):
        if covered:
            covered -= 1
            continue
        cell = column.cell(database, view)
        covered, width = _cover(shown[index:], cell.text)
        spans.append(Span(_place(replace(column, width=width), cell.text), cell.tone))
    return Row(tuple(spans), selected=database.role is selected)


def _cover(shown: tuple[Column, ...], text: str) -> tuple[int, int]:
    """Return how many columns after the first `text` covers, for want of room in its own, and the width of them all."""
    width = shown[0].width
    for count, column in enumerate(shown[1:]):
        if width_of(text) <= width or not column.gives_way:
            return count, width
        width += column.width
    return len(shown) - 1, width


def _place(column: Column, text: str) -> str:
    if column.left:
        return fit(text, column.width) + " "
    return right(text, column.width)
