"""The keeper of a directory is there when it is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotswap_tui.demo import keeper as keeper_module
from hotswap_tui.demo.keeper import Keeper


def test_a_keeper_that_ctrl_c_ended_before_it_was_ready_is_started_again(tmp_path, monkeypatch):
    """Until it has a session of its own, it belongs to those whom the terminal interrupts."""
    script, home = tmp_path / "keeper.sh", tmp_path / "home"
    home.mkdir()
    script.write_text(
        f"[ -e {tmp_path}/once ] || {{ touch {tmp_path}/once; kill -INT $$; }}\n. {keeper_module._SCRIPT}\n"
    )
    monkeypatch.setattr(keeper_module, "_SCRIPT", script)
    keeper = Keeper(home, Path("/"))
    assert (tmp_path / "once").exists()
    keeper.close()
    assert not home.exists()


def test_one_that_never_gets_ready_is_an_error(tmp_path, monkeypatch):
    script = tmp_path / "keeper.sh"
    script.write_text("exit 1\n")
    monkeypatch.setattr(keeper_module, "_SCRIPT", script)
    with pytest.raises(ChildProcessError, match="was ended at its start"):
        Keeper(tmp_path, Path("/"))
