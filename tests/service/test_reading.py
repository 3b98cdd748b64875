"""The settings as another process hands them over: the same values and methods, no pydantic, and no secret in a repr."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from hotswap_tui.config import SettingsError, load
from hotswap_tui.config.settings import variables
from hotswap_tui.service import reading as module
from hotswap_tui.service.reading import Reading, UnreadError

GIVEN = {
    "DATABASE_URL": "postgresql://app:hunter2@db1/app",
    "DATABASE_URL_SECONDARY": "postgresql://app:hunter2@db2/app",
    "HOTSWAP_NOTIFY_URLS": "json://hunter2@h ntfy://hunter2",
    "HOTSWAP_ON_SWITCH": "/bin/true once",
    "HOTSWAP_ALLOWED_HOSTS": "A.example, b",
}


def test_what_crosses_over_is_what_was_loaded():
    loaded = load({}, {**GIVEN, "PATH": "/bin"}, [], Path("/nonexistent"), "production")
    kept = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(loaded))))  # noqa: S301 - our own
    assert kept.settings.by_variable() == loaded.settings.by_variable()
    assert kept.settings.policy() == loaded.settings.policy()
    assert kept.settings.address() == loaded.settings.address()
    assert kept.settings.hosts() == ("a.example", "b")
    assert kept.settings.on_switch_arguments() == ("/bin/true", "once")
    assert [url.get_secret_value() for url in kept.settings.notification_urls()] == [
        "json://hunter2@h",
        "ntfy://hunter2",
    ]
    assert [kept.value(name) for name in variables()] == [loaded.value(name) for name in variables()]
    assert (kept.primary, kept.secondary, kept.sources) == (loaded.primary, loaded.secondary, loaded.sources)
    assert "hunter2" not in repr(kept) + str(list(kept.settings.by_variable().items()))


def test_a_process_of_its_own_reads_them_and_says_every_problem(tmp_path):
    env_file = tmp_path / "hotswap.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in GIVEN.items()))
    env_file.chmod(0o600)
    reading = Reading({"DB_FAILURE_THRESHOLD": "7"}, [Path("hotswap.env")], tmp_path, None)
    loaded = reading.result()
    assert (loaded.settings.failure_threshold, loaded.primary.address) == (7, "db1:5432")
    with pytest.raises(SettingsError) as raised:
        Reading({"DB_FAILURE_THRESHOLD": "0", "DB_FAILBACK": "no"}, [env_file], tmp_path, None).result()
    assert [problem.partition("=")[0] for problem in raised.value.problems] == ["DB_FAILURE_THRESHOLD", "DB_FAILBACK"]


def test_who_is_killed_says_nothing_about_the_settings(tmp_path):
    """Wrong settings keep a service from being started again; too little memory must not."""
    reading = Reading(GIVEN, [], tmp_path, None)
    reading.end()
    with pytest.raises(UnreadError, match="could not be read"):
        reading.result()


def test_what_cannot_be_read_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)
    os.mkfifo(tmp_path / "hotswap.env")
    with pytest.raises(UnreadError, match=r"within 0\.3 s"):
        Reading({}, [Path("hotswap.env")], tmp_path, None).result()


def test_what_serves_imports_no_pydantic():
    program = """
import sys, hotswap_tui.cli.serve as serve
serve._import_everything()
import hotswap_tui.api.public
print("pydantic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
