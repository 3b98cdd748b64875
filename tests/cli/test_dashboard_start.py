"""What keeps the dashboard from starting is one line that says what to do."""

from __future__ import annotations

import gc
import time

import pytest
from pydantic import SecretStr

from hotswap_tui.cli import dashboard, exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.config.settings import variables
from hotswap_tui.engine.lock import StateLock
from hotswap_tui.routing.layout import DESCRIPTION, Gateway, describe


@pytest.fixture
def gateway(tmp_path, monkeypatch):
    """Describe a gateway that the settings name."""
    directory = tmp_path / "g"
    directory.mkdir()
    console = SecretStr(f"postgresql://hotswap:x@/pgbouncer?host={directory}/run&port=6432")
    application = SecretStr("postgresql://u:p@127.0.0.1:6432/db")
    (directory / DESCRIPTION).write_text(describe(Gateway(directory, "db", console, application, "127.0.0.1", 6432)))
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@192.0.2.1/db")
    monkeypatch.setenv("HOTSWAP_GATEWAY", str(directory))
    monkeypatch.setenv("HOTSWAP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(dashboard, "fit_terminal", object)
    monkeypatch.setattr(dashboard, "_OPENS_WITHIN_S", 0.2)
    yield directory
    gc.enable()


def test_another_engine_of_the_gateway_is_to_be_ended(gateway, capsys):
    """Another state directory, which helps elsewhere, would not help here."""
    with StateLock(gateway, command="hotswap-tui", now_wall_s=time.time()):
        assert main([]) == exit_codes.LOCKED
    said = capsys.readouterr().err
    assert said.endswith(f" controls {gateway}; end it: a gateway has one engine\n")
    assert len(said.splitlines()) == 1


def test_another_engine_of_the_state_directory_may_stay(gateway, tmp_path, capsys):
    with StateLock(tmp_path / "state", command="hotswap-tui", now_wall_s=time.time()):
        assert main([]) == exit_codes.LOCKED
    assert capsys.readouterr().err.endswith("; end it, or choose another HOTSWAP_STATE_DIR\n")
