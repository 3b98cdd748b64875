"""A file is replaced as a whole or not at all, and is never more readable than it will be."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.routing import atomic

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_mode_is_what_was_asked_for_whatever_the_umask(tmp_path: Path, mode: int):
    path = tmp_path / "file"
    before = os.umask(0o077)
    try:
        for text in ("first\n", "second\n"):
            atomic.replace(path, text, mode)
            assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (text, mode)
    finally:
        os.umask(before)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_failure_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path):
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic.replace(tmp_path / "file", "secret", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_is_there_is_not_written_over(tmp_path: Path):
    (tmp_path / "file").write_text("somebody's")
    with pytest.raises(FileExistsError):
        atomic.write_new(tmp_path / "file", "ours", 0o600)
    assert (tmp_path / "file").read_text() == "somebody's"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_it_is_given_to_whom_it_is_for(tmp_path: Path):
    atomic.write_new(tmp_path / "file", "", 0o640, uid=65534, gid=65534)
    state = (tmp_path / "file").stat()
    assert (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) == (65534, 65534, 0o640)
