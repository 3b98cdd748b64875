"""What is said of an engine that shall go on in the background, and with which exit code."""

from __future__ import annotations

import pytest

from hotswap_tui.cli import exit_codes, going_on
from hotswap_tui.config import load
from hotswap_tui.service import background

URLS = {"DATABASE_URL": "postgresql://u:p$w@192.0.2.1/db", "DATABASE_URL_SECONDARY": "postgresql://u:p@192.0.2.2/db"}


@pytest.fixture
def loaded(tmp_path):
    """Settings of every kind, as files and environment give them."""
    given = {"DB_WRITE_CHECK": "0", "DB_FAILBACK": "manual", "HOTSWAP_TOKEN": "t" * 20, "DB_HOLD_MAX": "0"}
    return load({}, {**URLS, **given, "HOTSWAP_STATE_DIR": str(tmp_path)}, (), tmp_path, "development")


def test_the_settings_in_force_come_out_of_the_environment_as_they_went_in(loaded, tmp_path):
    again = load({}, going_on.in_force(loaded), (), tmp_path, None)
    assert again.settings.by_variable() == loaded.settings.by_variable()
    assert again.primary == loaded.primary


def test_an_engine_that_could_not_start_is_not_said_to_go_on(loaded, tmp_path, monkeypatch, capsys):
    log = tmp_path / "x.log"
    log.write_text("earlier\nhotswap-tui serve: the reason\n")
    monkeypatch.setattr(background, "sys", type("Sys", (), {"executable": "/bin/false"}))
    pid = background.start_background((), log)
    assert going_on.farewell(going_on.Started(pid, log), loaded) == exit_codes.FAILED
    said = capsys.readouterr().err
    assert said.startswith("NOTHING IS WATCHED")
    assert said.endswith("hotswap-tui serve: the reason\n")
