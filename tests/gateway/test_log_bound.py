"""PgBouncer's log does not fill the disk, and nothing else is cut in its place."""

from __future__ import annotations

import os

import pytest

from hotswap_tui.gateway.log_bound import KEPT_BYTES, LONGEST_BYTES, bound

LINE = b"2026-01-01 00:00:00 UTC [1] WARNING pooler error\n"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "pgbouncer.log"
    path.write_bytes(LINE * (LONGEST_BYTES // len(LINE) + 1))
    return path


def test_the_latest_lines_stay_and_the_next_follow_them(log):
    with log.open("ab", buffering=0) as pgbouncer:
        pgbouncer.write(b"latest\n")
        bound(log, os.geteuid())
        pgbouncer.write(b"next\n")
    lines = log.read_bytes().splitlines(keepends=True)
    assert lines[-2:] == [b"latest\n", b"next\n"]
    assert set(lines[:-2]) == {LINE}
    assert KEPT_BYTES - len(LINE) < log.stat().st_size <= KEPT_BYTES + len(b"next\n")


def test_a_short_log_is_left_alone(log):
    os.truncate(log, LONGEST_BYTES)
    bound(log, os.geteuid())
    assert log.stat().st_size == LONGEST_BYTES


@pytest.mark.parametrize("how", ["symbolic link", "hard link", "of another user", "missing", "pipe"])
def test_what_is_not_the_log_is_left_alone(log, tmp_path, how):
    """PgBouncer's user may put anything there; root must not cut it."""
    size, path = log.stat().st_size, tmp_path / "put-there"
    if how == "symbolic link":
        path.symlink_to(log)
    elif how == "hard link":
        path.hardlink_to(log)
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "of another user":
        path = log
    bound(path, os.geteuid() + (how == "of another user"))
    assert log.stat().st_size == size
