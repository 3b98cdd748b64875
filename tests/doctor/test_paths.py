"""Files that hold secrets, git beside them, and directories that are written to."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from hotswap_tui.config.sources import SourceError
from hotswap_tui.doctor.facts import Directory, EnvFile
from hotswap_tui.doctor.finding import Check, Level
from hotswap_tui.doctor.look_paths import env_files, look_at_directory
from hotswap_tui.doctor.paths import directory, env_file

SECRET = "DATABASE_URL=postgresql://app:hunter2@one.example/app\n"
GOOD = Directory(Path("/state"), exists=True, mode=0o40700, owner="pi", free_bytes=10**10, free_inodes=10**6)
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def write(tmp_path):
    def make(name, text=SECRET, mode=0o600):
        path = tmp_path / name
        path.write_text(text)
        path.chmod(mode)
        return path

    return make


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (EnvFile(Path(".env")), []),
        (EnvFile(Path(".env"), secret=True), [(Check.ENV_FILE, Level.OK)]),
        (
            EnvFile(
                Path(".env"), (".env contains a DATABASE_URL and other users can read it; chmod 600 .env",), secret=True
            ),
            [(Check.ENV_FILE, Level.WARNING)],
        ),
        (EnvFile(Path(".env"), secret=True, git="tracked"), [(Check.ENV_FILE, Level.OK), (Check.GIT, Level.PROBLEM)]),
        (EnvFile(Path(".env"), secret=True, git="exposed"), [(Check.ENV_FILE, Level.OK), (Check.GIT, Level.WARNING)]),
        (EnvFile(Path(".env"), secret=True, git="ignored"), [(Check.ENV_FILE, Level.OK), (Check.GIT, Level.OK)]),
        (EnvFile(Path(".env"), secret=True, git="unknown"), [(Check.ENV_FILE, Level.OK), (Check.GIT, Level.UNSEEN)]),
        (EnvFile(Path(".env"), git="tracked"), []),
    ],
)
def test_what_is_said_about_a_file(file, expected):
    found = [*env_file(file)]
    assert [(each.check, each.level) for each in found] == expected
    assert all(each.fix for each in found if each.level >= Level.WARNING)


@pytest.mark.parametrize(
    ("changed", "levels", "words"),
    [
        ({}, [Level.OK, Level.OK], "is writable, and not by others"),
        ({"mode": 0o40777}, [Level.PROBLEM, Level.OK], "chmod go-w /state"),
        ({"mode": 0o40755}, [Level.NOTE, Level.OK], "can be read by other users"),
        ({"mode": 0o40750}, [Level.OK, Level.OK], "writable"),
        ({"writable": False}, [Level.UNSEEN, Level.OK], "as pi"),
        ({"hidden": True, "exists": False}, [Level.UNSEEN, Level.OK], "cannot be seen"),
        ({"exists": False, "nearest": "/"}, [Level.OK, Level.OK], "made when the engine starts"),
        ({"exists": False, "writable": False, "nearest": "/"}, [Level.WARNING, Level.OK], "may not make it in /"),
        ({"free_bytes": 10**8}, [Level.OK, Level.WARNING], "100 MB free"),
        ({"free_bytes": 10**7}, [Level.OK, Level.PROBLEM], "10 MB free"),
        ({"free_inodes": 7}, [Level.OK, Level.WARNING], "7 files can still be made"),
        ({"free_inodes": None}, [Level.OK, Level.OK], ""),
    ],
)
def test_what_is_said_about_a_directory(changed, levels, words):
    found = [*directory(replace(GOOD, **changed), "state directory")]
    assert [each.level for each in found] == levels
    assert any(words in f"{each.text} {each.fix}" for each in found)


def test_files_are_found_where_the_settings_look_for_them(write, tmp_path):
    write(".env")
    other = write("other.env", "HOTSWAP_TOKEN=sixteen-characters\n")
    plain = write("plain.env", "DB_FAILURE_THRESHOLD=2\n")
    found = env_files({}, [other, plain], tmp_path)
    assert [(each.path.name, each.secret) for each in found] == [
        (".env", True),
        ("other.env", True),
        ("plain.env", False),
    ]
    assert "hunter2" not in str(found)


def test_the_gateways_own_file_is_one_of_them(write, tmp_path):
    own = write("hotswap.env", f"{SECRET}HOTSWAP_GATEWAY={tmp_path}\n", 0o640)
    for environ, named in (({"HOTSWAP_GATEWAY": str(tmp_path)}, []), ({}, [own])):
        (found,) = env_files(environ, named, tmp_path / "nowhere")
        assert found.path.samefile(own)
        assert "other users can read it" in found.complaints[0]


def test_a_file_that_was_named_and_is_missing_is_an_error(tmp_path):
    with pytest.raises(SourceError):
        env_files({}, [tmp_path / "missing"], tmp_path)


@needs_git
@pytest.mark.parametrize("state", ["tracked", "exposed", "ignored"])
def test_git_is_asked(write, tmp_path, state):
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True, timeout=20)
    write(".env")
    if state == "tracked":
        subprocess.run(["git", "-C", str(tmp_path), "add", ".env"], check=True, timeout=20)
    if state == "ignored":
        write(".gitignore", ".env*\n")
    (found,) = env_files({}, [], tmp_path)
    assert found.git == state


@needs_git
def test_a_repository_that_git_cannot_read_is_not_taken_for_a_clean_one(write, tmp_path):
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    write(".env")
    (found,) = env_files({}, [], tmp_path)
    assert found.git == "unknown"
    assert found.git_trouble


@needs_git
def test_a_repository_runs_no_program_of_its_own(write, tmp_path):
    """It may belong to somebody else."""
    ran = tmp_path / "ran"
    hook = write("hook", f"#!/bin/sh\ntouch {ran}\n", 0o700)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True, timeout=20)
    subprocess.run(["git", "-C", str(tmp_path), "config", "core.fsmonitor", str(hook)], check=True, timeout=20)
    write(".env")
    env_files({}, [], tmp_path)
    assert not ran.exists()


def test_without_a_repository_nothing_is_asked(write, tmp_path):
    write(".env")
    (found,) = env_files({}, [], tmp_path)
    assert found.git == ""


def test_a_directory_is_looked_at_and_none_is_made(tmp_path):
    state = tmp_path / "state"
    missing = look_at_directory(state / "deeper")
    assert (missing.exists, missing.nearest, missing.writable) == (False, str(tmp_path), True)
    assert not state.exists()
    state.mkdir(mode=0o700)
    found = look_at_directory(state)
    assert (found.exists, found.mode & 0o777, found.hidden) == (True, 0o700, False)
    assert found.free_bytes > 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root sees everything")
def test_a_directory_behind_a_closed_door_is_hidden(tmp_path):
    door = tmp_path / "door"
    (door / "state").mkdir(parents=True)
    door.chmod(0o000)
    try:
        assert look_at_directory(door / "state").hidden
    finally:
        door.chmod(0o700)
