"""Samples in the journal: an hour as they were, a day by 10 s, a month by minutes, a year by ten minutes.

Every batch adds to all widths at once, so no later step has to sum up anything and a wall clock that jumps costs nothing
but a bucket's place. For two databases a year takes about 200,000 rows; see the size test for the bytes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.values import Role
from hotswap_tui.engine.ports import Sample

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from hotswap_tui.engine.journal_codec import Row

_HOUR_S: Final = 3600
_DAY_S: Final = 24 * _HOUR_S
KEPT_S: Final = {10: _DAY_S, 60: 30 * _DAY_S, 600: 365 * _DAY_S}
"""How long the buckets of each width are kept."""
RAW_KEPT_S: Final = _HOUR_S
_PRUNED_PER_ROW: Final = 4
"""Rows that a batch looks at for each that it adds: old ones go faster than new ones come, in short transactions."""

_RAW_SHOWN_S: Final = 600
_RAW_SHOWN_ROWS: Final = 2400
_FINE_SHOWN_S: Final = 3 * _HOUR_S
_AHEAD_S: Final = 60
_ROLES: Final = (Role.PRIMARY, Role.SECONDARY)


@dataclass(slots=True)
class _Sum:
    n: int = 0
    failed: int = 0
    max_us: int | None = None
    sum_us: int = 0

    def add(self, latency_us: int | None) -> None:
        self.n += 1
        if latency_us is None:
            self.failed += 1
        else:
            self.max_us = latency_us if self.max_us is None else max(self.max_us, latency_us)
            self.sum_us += latency_us


def sample_row(sample: Sample) -> Row:
    """Return wall time in ms, role and latency in µs as they are stored."""
    latency_us = None if sample.latency_ms is None else round(sample.latency_ms * 1000)
    return (round(sample.wall_s * 1000), _ROLES.index(sample.role), latency_us)


def store(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Add `rows` of `sample_row` to every width and remove what has become too old, within the caller's transaction."""
    if not rows:
        return
    connection.executemany("INSERT INTO sample (wall_ms, role, latency_us) VALUES (?, ?, ?)", rows)
    for width_s in KEPT_S:
        _add(connection, width_s, rows)
    _prune(connection, now_s=rows[-1][0] // 1000, at_once=_PRUNED_PER_ROW * len(rows))


def _add(connection: sqlite3.Connection, width_s: int, rows: Iterable[Row]) -> None:
    sums: defaultdict[int, _Sum] = defaultdict(_Sum)
    for wall_ms, role, latency_us in rows:
        sums[_key(wall_ms // 1000, width_s) + role].add(latency_us)
    connection.executemany(
        f"INSERT INTO bucket_{width_s} VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET n = n + excluded.n,"  # noqa: S608  widths are ours
        " failed = failed + excluded.failed, sum_us = sum_us + excluded.sum_us,"
        " max_us = coalesce(max(max_us, excluded.max_us), max_us, excluded.max_us)",
        [(key, s.n, s.failed, s.max_us, s.sum_us) for key, s in sums.items()],
    )


def _key(wall_s: int, width_s: int) -> int:
    return wall_s // width_s * 2


def _prune(connection: sqlite3.Connection, now_s: int, at_once: int) -> None:
    # A sample from the future was written before the clock was set back; its buckets keep what it said.
    connection.execute(
        "DELETE FROM sample WHERE seq IN (SELECT seq FROM sample ORDER BY seq LIMIT ?) AND wall_ms NOT BETWEEN ? AND ?",
        (at_once, (now_s - RAW_KEPT_S) * 1000, (now_s + RAW_KEPT_S) * 1000),
    )
    for width_s, kept_s in KEPT_S.items():
        table = f"bucket_{width_s}"
        connection.execute(
            f"DELETE FROM {table} WHERE key IN (SELECT key FROM {table} WHERE key < ? ORDER BY key LIMIT ?)",  # noqa: S608  widths are ours
            (_key(now_s - kept_s, width_s), at_once),
        )


def last_day(connection: sqlite3.Connection, now_s: float) -> tuple[Sample, ...]:
    """Return the samples of the 24 h before `now_s`, oldest first, at most about 10,000.

    The last ten minutes as they were, three hours by 10 s and the rest by minutes. A bucket gives one sample with its
    maximum and, where checks failed, one that failed.
    """
    raw_from_s = ceil(_raw_from_s(connection, now_s) / 10) * 10
    fine_from_s = (int(now_s) - _FINE_SHOWN_S) // 60 * 60
    samples = [
        *_buckets(connection, 60, int(now_s) - _DAY_S, fine_from_s),
        *_buckets(connection, 10, fine_from_s, raw_from_s),
        *_raw(connection, raw_from_s, now_s + _AHEAD_S),
    ]
    return tuple(sorted(samples, key=lambda sample: sample.wall_s))


def _raw_from_s(connection: sqlite3.Connection, now_s: float) -> float:
    """Return where raw samples begin to be shown: later than ten minutes ago when checks are very frequent."""
    row = connection.execute(
        "SELECT wall_ms FROM sample ORDER BY seq DESC LIMIT 1 OFFSET ?", (_RAW_SHOWN_ROWS - 1,)
    ).fetchone()
    from_s = now_s - _RAW_SHOWN_S
    return from_s if row is None or row[0] > now_s * 1000 else max(from_s, row[0] / 1000)


def _raw(connection: sqlite3.Connection, from_s: int, to_s: float) -> Iterator[Sample]:
    query = (
        "SELECT wall_ms, role, latency_us FROM (SELECT * FROM sample ORDER BY seq DESC LIMIT ?)"
        " WHERE wall_ms >= ? AND wall_ms <= ?"
    )
    for wall_ms, role, latency_us in connection.execute(query, (_RAW_SHOWN_ROWS, from_s * 1000, int(to_s * 1000))):
        yield Sample(_ROLES[role], wall_ms / 1000, None if latency_us is None else latency_us / 1000)


def _buckets(connection: sqlite3.Connection, width_s: int, from_s: int, to_s: int) -> Iterator[Sample]:
    query = f"SELECT key, failed, max_us FROM bucket_{width_s} WHERE key >= ? AND key < ?"  # noqa: S608  widths are ours
    for key, failed, max_us in connection.execute(query, (_key(from_s, width_s), _key(to_s, width_s))):
        role, middle_s = _ROLES[key % 2], (key // 2 + 0.5) * width_s
        if max_us is not None:
            yield Sample(role, middle_s, max_us / 1000)
        if failed:
            yield Sample(role, middle_s, None)
