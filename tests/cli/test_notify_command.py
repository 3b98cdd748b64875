"""`hotswap-tui notify`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.demo.ports import LOOPBACK
from tests.notify.receiver import Receiver


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


def test_every_service_is_tried_and_named_without_its_secrets(receiver, monkeypatch, capfd):
    good, bad = f"json://pi:hunter22@{receiver.place}/ok", f"json://{LOOPBACK}:1/sesame"
    monkeypatch.setenv("HOTSWAP_NOTIFY_URLS", f"{good}  {bad}")
    assert main(["notify", "test", "--message", "hello [b]there[/b]"]) == exit_codes.FAILED
    out, err = capfd.readouterr()
    width = max(len(f"json://{receiver.place}"), len(f"json://{LOOPBACK}:1"))
    assert out.splitlines() == [
        f"{f'json://{receiver.place}':<{width}}  ok",
        f"{f'json://{LOOPBACK}:1':<{width}}  failed: connection refused",
    ]
    assert err == "sending to 2 services …\n"
    assert not any(secret in out + err for secret in ("hunter22", "sesame"))
    (taken,) = receiver.letters
    assert taken["title"].endswith(": hello [b]there[/b]")
    assert taken["type"] == "info"


def test_all_well_is_exit_code_0(monkeypatch, capsys, tmp_path):
    async def deliver(parcels):
        return [""] * len(parcels)

    monkeypatch.setattr("hotswap_tui.notify.delivery.deliver", deliver)
    monkeypatch.delenv("HOTSWAP_NOTIFY_URLS", raising=False)
    file = tmp_path / "notify.env"
    file.write_text("HOTSWAP_NOTIFY_URLS=discord://1/hunter22\n")
    file.chmod(0o600)
    assert main(["notify", "test", "--env-file", str(file)]) == exit_codes.OK
    assert capsys.readouterr().out == "discord  ok\n"


def test_nobody_to_tell(monkeypatch, capsys):
    monkeypatch.delenv("HOTSWAP_NOTIFY_URLS", raising=False)
    assert main(["notify", "test"]) == exit_codes.USAGE
    assert "set HOTSWAP_NOTIFY_URLS" in capsys.readouterr().err


def test_without_apprise_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setenv("HOTSWAP_NOTIFY_URLS", "json://pi")
    monkeypatch.setattr("hotswap_tui.notify.delivery.installed", lambda: False)
    assert main(["notify", "test"]) == exit_codes.FAILED
    assert "pip install 'hotswap-tui[notify]'" in capsys.readouterr().err


def test_a_file_that_is_missing(capsys, tmp_path):
    assert main(["notify", "test", "--env-file", str(tmp_path / "none")]) == exit_codes.USAGE
    assert "none" in capsys.readouterr().err


def test_alone_it_explains(capsys):
    assert main(["notify"]) == exit_codes.OK
    out = capsys.readouterr().out
    assert "HOTSWAP_NOTIFY_URLS" in out
    assert "test " in out


def test_it_imports_neither_the_screen_nor_apprise():
    program = (
        "import sys; from hotswap_tui.cli.main import main; sys.argv[1:] = ['notify', 'test']; main();"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    environ = {name: value for name, value in os.environ.items() if name != "HOTSWAP_NOTIFY_URLS"}
    found = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
    assert not {"textual", "rich", "plotext", "apprise", "requests", "asyncpg"} & set(found.stdout.split())
