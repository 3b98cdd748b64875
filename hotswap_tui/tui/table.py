"""The two databases as a table of fixed columns: right-aligned figures, the unit in the header, no sorting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.sentence import HOT_SWAP_HINT, age
from hotswap_tui.core.values import Fault, Health, Role
from hotswap_tui.tui.cells import Row, Span, Tone, fit, right, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.snapshot import DatabaseView
    from hotswap_tui.tui.view import View

HEALTH_WORDS: Mapping[Health, tuple[str, Tone]] = {
    Health.UNKNOWN: ("? unknown", Tone.DIM),
    Health.UP: ("● up", Tone.GOOD),
    Health.DEGRADED: ("▲ degraded", Tone.WARNING),
    Health.FAILING: ("▲ failing", Tone.WARNING),
    Health.DOWN: ("✗ DOWN", Tone.BAD),
}
SHORT_FAULTS: Mapping[Fault, str] = {
    Fault.REFUSED: "refused",
    Fault.UNREACHABLE: "no route",
    Fault.RESET: "lost",
    Fault.TIMEOUT: "timeout",
    Fault.STARTING: "starting",
    Fault.STOPPING: "stopping",
    Fault.READ_ONLY: "read-only",
    Fault.STORAGE: "storage",
    Fault.TOO_MANY: "too many",
    Fault.CREDENTIALS: "login",
    Fault.MISSING: "no db",
    Fault.TLS: "TLS",
    Fault.RESOLVER: "no name",
    Fault.INTERNAL: "internal",
    Fault.UNKNOWN: "failed",
}
"""At most nine cells each: they stand in the column of the latency that is missing."""

_HINT_INDENT = 13
_ALWAYS, _NORMAL, _WIDE = 0, 76, 118
_ADDRESS_WIDTHS = ((_WIDE, 24), (_NORMAL, 23))


@dataclass(frozen=True, slots=True)
class Column:
    """One column; shown from `from_width` cells of screen on."""

    title: str
    width: int
    cell: Callable[[DatabaseView, View], Span]
    from_width: int = _ALWAYS
    left: bool = False


def latency(value_ms: float | None) -> str:
    """Return milliseconds with one decimal, `-` for None."""
    return "-" if value_ms is None else f"{value_ms:.1f}"


def state_of(database: DatabaseView) -> Span:
    """Return the database's health as sign and word, in its tone."""
    words, tone = HEALTH_WORDS[database.health]
    if database.health is Health.UP and database.facts is not None and database.facts.read_only:
        words = f"{words} r/o"
    return Span(words, tone)


def _last(database: DatabaseView, _view: View) -> Span:
    verdict = database.verdict
    if verdict is None:
        return Span("-", Tone.DIM)
    if verdict.fault is not None:
        return Span(SHORT_FAULTS[verdict.fault], HEALTH_WORDS[database.health][1])
    return Span(latency(verdict.latency_ms))


def _fails(database: DatabaseView, view: View) -> Span:
    tone = Tone.PLAIN if database.failures == 0 else HEALTH_WORDS[database.health][1]
    return Span(f"{database.failures}/{view.snapshot.policy.failure_threshold}", tone)


def _seen(database: DatabaseView, view: View) -> Span:
    if database.last_pass_s is None:
        return Span("never" if database.verdict is not None else "-", Tone.DIM)
    return Span(age(view.now_s - database.last_pass_s))


def _connections(database: DatabaseView, _view: View) -> Span:
    facts = database.facts
    return Span("-", Tone.DIM) if facts is None else Span(f"{facts.connections}/{facts.max_connections}")


def _version(database: DatabaseView, _view: View) -> Span:
    return Span("-", Tone.DIM) if database.facts is None else Span(database.facts.version.split(" ")[0])


def _percentage(database: DatabaseView, view: View) -> Span:
    percent = view.stats(database.role).ok_percent
    if percent is None:
        return Span("-", Tone.DIM)
    shown = min(percent, 99.9) if percent < 100 else 100.0
    return Span(f"{shown:.1f}", Tone.PLAIN)


def columns(width: int) -> tuple[Column, ...]:
    """Return the columns of a screen `width` cells wide."""
    address = next((cells for at_least, cells in _ADDRESS_WIDTHS if width >= at_least), 0)
    every = (
        Column("database", 10, lambda d, _: Span(d.role.value, Tone.STRONG), left=True),
        Column("address", address, lambda d, _: Span(d.address), _NORMAL, left=True),
        Column("state", 10, lambda d, _: state_of(d), left=True),
        Column("last ms", 9, _last),
        Column("p50 ms", 8, lambda d, v: Span(latency(v.stats(d.role).p50_ms)), _WIDE),
        Column("p95 ms", 8, lambda d, v: Span(latency(v.stats(d.role).p95_ms))),
        Column("max ms", 8, lambda d, v: Span(latency(v.stats(d.role).max_ms)), _WIDE),
        Column("ok %", 7, _percentage, _WIDE),
        Column("fails", 7, _fails),
        Column("conns", 8, _connections, _WIDE),
        Column("version", 8, _version, _WIDE),
        Column("seen", 7, _seen),
    )
    return tuple(column for column in every if width >= column.from_width)


def table_rows(view: View, width: int, selected: Role | None = None) -> list[Row]:
    """Return the header and a row a database; a missing secondary is replaced by how to get one."""
    shown = columns(width)
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
    for column in shown:
        cell = column.cell(database, view)
        spans.append(Span(_place(column, cell.text), cell.tone))
    return Row(tuple(spans), selected=database.role is selected)


def _place(column: Column, text: str) -> str:
    if column.left:
        return fit(text, column.width) + " "
    return right(text, column.width)
