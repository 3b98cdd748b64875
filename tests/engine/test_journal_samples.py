"""Samples thin out as they age, stay small on disk and load quickly."""

from __future__ import annotations

import contextlib
import math
import time

import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.engine import journal_samples
from hotswap_tui.engine.journal_files import FILE_NAME
from hotswap_tui.engine.journal_store import Store
from hotswap_tui.engine.ports import Entry, Memory, Sample

NOW_S = 1_760_000_000
DAY_S = 86_400
BATCH = 30


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path, lambda: NOW_S, lambda _: None)
    yield store
    store.close()


def latency_ms(second: int) -> float | None:
    return None if second % 997 == 0 else 2.0 + math.sin(second)


def write(store: Store, from_s: int, to_s: int, step_s: int = 1) -> None:
    """Write a check of both databases every `step_s`, thirty to a batch."""
    for start in range(from_s, to_s, BATCH * step_s):
        seconds = range(start, min(start + BATCH * step_s, to_s), step_s)
        samples = [Sample(role, second, latency_ms(second)) for second in seconds for role in Role]
        store.write(Entry(), [journal_samples.sample_row(sample) for sample in samples])


def on_disk(directory) -> int:
    return sum(path.stat().st_size for path in directory.glob(f"{FILE_NAME}*"))


def rows(store: Store) -> dict[str, int]:
    tables = ("sample", "bucket_10", "bucket_60", "bucket_600")
    return {table: store._opened().execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def test_a_day_of_checks_every_second_stays_under_20_mb_and_loads_at_once(store, tmp_path):
    write(store, NOW_S - DAY_S - 7200, NOW_S)
    assert on_disk(tmp_path) < 20_000_000
    counted = rows(store)
    assert counted["sample"] <= 2 * 3600 + 4 * BATCH
    assert counted["bucket_10"] <= 2 * (DAY_S // 10 + 1)
    started = time.monotonic()
    samples = store.load().samples
    assert time.monotonic() - started < 1
    assert len(samples) <= 10_000
    assert [s.wall_s for s in samples] == sorted(s.wall_s for s in samples)
    assert samples[0].wall_s == pytest.approx(NOW_S - DAY_S, abs=120)
    assert samples[-1].wall_s == NOW_S - 1


def test_a_year_is_bounded(store, tmp_path):
    """A year's buckets are written directly, then a day of real batches prunes what has become too old."""
    connection = store._opened()
    start_s = NOW_S - 2 * DAY_S
    with connection:
        connection.execute("BEGIN")
        for width_s, kept_s in journal_samples.KEPT_S.items():
            connection.execute(
                f"WITH RECURSIVE k(key) AS (SELECT ? UNION ALL SELECT key + 1 FROM k WHERE key + 1 < ?)"
                f" INSERT INTO bucket_{width_s} SELECT key, {width_s}, 1, 4000, {width_s} * 3000 FROM k",
                ((start_s - kept_s) // width_s * 2, start_s // width_s * 2),
            )
    full = on_disk(tmp_path)
    write(store, start_s, NOW_S, step_s=5)
    for width_s, kept_s in journal_samples.KEPT_S.items():
        assert rows(store)[f"bucket_{width_s}"] <= 2 * (kept_s // width_s + 2)
    assert on_disk(tmp_path) < full + 2_000_000 < 30_000_000


def test_every_width_holds_the_same_checks(store):
    samples = [Sample(Role.PRIMARY, NOW_S + second, value) for second, value in enumerate([1.0, None, 5.5, 2.0])]
    for sample in samples:
        store.write(Entry(), [journal_samples.sample_row(sample)])
    for width_s in journal_samples.KEPT_S:
        (row,) = store._opened().execute(f"SELECT * FROM bucket_{width_s}")
        assert row == (NOW_S // width_s * 2, 4, 1, 5500, 8500)


def test_a_bucket_without_an_answer_has_no_maximum_until_one_comes(store):
    for value in (None, 3.0):
        store.write(Entry(), [journal_samples.sample_row(Sample(Role.SECONDARY, NOW_S, value))])
    assert store._opened().execute("SELECT * FROM bucket_10").fetchall() == [(NOW_S // 10 * 2 + 1, 2, 1, 3000, 3000)]


def test_thinned_samples_keep_the_maximum_and_the_failure(store):
    hours_ago = NOW_S - 5 * 3600
    hours_ago -= hours_ago % 60
    values = [1.0, 9.0, None, 2.0]
    store.write(
        Entry(), [journal_samples.sample_row(Sample(Role.PRIMARY, hours_ago + n, v)) for n, v in enumerate(values)]
    )
    middle_s = hours_ago + 30
    assert store.load().samples == (Sample(Role.PRIMARY, middle_s, 9.0), Sample(Role.PRIMARY, middle_s, None))


def test_very_frequent_checks_load_no_more_rows(store):
    for batch in range(60):
        start_s = NOW_S - 600 + 10 * batch
        samples = [Sample(Role.PRIMARY, start_s + n / 20, 1.0) for n in range(200)]
        store.write(Entry(), [journal_samples.sample_row(sample) for sample in samples])
    samples = store.load().samples
    assert 2000 < len(samples) < 3000
    assert samples[0].wall_s < NOW_S - 580


@pytest.mark.parametrize("jump_s", [-30 * DAY_S, -7200, 7200, 30 * DAY_S, -NOW_S])
def test_a_jumping_clock_loses_no_more_than_its_own_samples(store, jump_s):
    """The raw samples of the other time go; a pile of them never builds up, and nothing fails."""
    write(store, NOW_S - 7200, NOW_S)
    write(store, NOW_S + jump_s, NOW_S + jump_s + 7200)
    assert rows(store)["sample"] <= 2 * 3600 + 4 * BATCH
    with contextlib.closing(Store(store.path.parent, lambda: NOW_S + jump_s + 7200, lambda _: None)) as later:
        assert later.load().samples[-1].wall_s == NOW_S + jump_s + 7199


@pytest.mark.parametrize(("entry", "synchronous"), [(Entry(), 1), (Entry(memory=Memory(Role.PRIMARY, 0.0, "")), 2)])
def test_only_entries_wait_for_the_disk(store, entry, synchronous):
    """1 is NORMAL: no fsync until the next entry or checkpoint; 2 is FULL."""
    store.write(entry, [journal_samples.sample_row(Sample(Role.PRIMARY, NOW_S, 1.0))])
    assert store._opened().execute("PRAGMA synchronous").fetchone() == (synchronous,)
