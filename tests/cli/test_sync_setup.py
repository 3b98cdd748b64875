"""`sync setup` and `sync teardown` as a person runs them."""

from __future__ import annotations

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.cli.sync_progress import ProgressLine, size, words
from hotswap_tui.config.settings import variables
from hotswap_tui.sync.replication.progress import Progress, left_s
from tests.sync.setup_world import fresh, started


@pytest.fixture(scope="module")
def _servers(clusters):
    with started(clusters) as servers:
        yield servers


@pytest.fixture
def world(_servers, monkeypatch, tmp_path):
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with fresh(_servers) as world:
        for variable, role in (("DATABASE_URL", "primary"), ("DATABASE_URL_SECONDARY", "secondary")):
            server = world.server(role)
            monkeypatch.setenv(variable, f"{server.superuser_url.rpartition('/')[0]}/{world.database}")
        yield world


def secrets(world):
    return [world.dsn(role).password.get_secret_value() for role in ("primary", "secondary")]


def test_setup_and_teardown_print_every_statement_and_no_password(world, capfd):
    assert main(["sync", "setup", "--two-way", "--yes"]) == exit_codes.OK
    out, err = capfd.readouterr()
    assert out.count("CREATE SUBSCRIPTION") == out.count("password=****") == 2
    assert "every table is ready" in err
    assert world.objects() == world.whole(two_way=True)
    assert main(["sync", "teardown", "--dry-run"]) == exit_codes.OK
    assert world.objects() == world.whole(two_way=True)
    assert main(["sync", "teardown", "--yes"]) == exit_codes.OK
    assert main(["sync", "teardown", "--yes"]) == exit_codes.OK
    later_out, later_err = capfd.readouterr()
    assert "nothing of it is there" in later_err
    assert world.objects() == {"primary": [], "secondary": []}
    assert not [secret for secret in secrets(world) if secret in out + err + later_out + later_err]


def test_a_dry_run_prints_all_and_does_nothing(world, capfd):
    assert main(["sync", "setup", "--dry-run"]) == exit_codes.OK
    out, err = capfd.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["primary", "primary", "secondary"]
    assert "wal_level is logical" in err
    assert "nothing was done" in err
    assert world.objects() == {"primary": [], "secondary": []}


def test_what_is_missing_is_said_with_its_remedy_and_nothing_is_done(world, capfd):
    world.execute("primary", "CREATE TABLE bare (x int)")
    assert main(["sync", "setup", "--yes"]) == exit_codes.NOTHING_DONE
    err = capfd.readouterr().err
    assert "public.bare has neither a primary key nor a replica identity" in err
    assert "table public.bare is missing" in err
    assert world.objects() == {"primary": [], "secondary": []}


def test_without_a_terminal_nobody_is_asked(world, capfd):
    assert main(["sync", "setup"]) == exit_codes.NOTHING_DONE
    assert "add --yes" in capfd.readouterr().err
    assert world.objects() == {"primary": [], "secondary": []}


def test_without_waiting_the_copy_goes_on(world, capfd):
    assert main(["sync", "setup", "--yes", "--no-wait"]) == exit_codes.OK
    assert "hotswap-tui sync status" in capfd.readouterr().err


def test_ctrl_c_leaves_the_copy_going_and_says_how_to_look(world, capfd, monkeypatch):
    def interrupted(self, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(ProgressLine, "show", interrupted)
    assert main(["sync", "setup", "--yes"]) == exit_codes.INTERRUPTED
    assert "the copy goes on by itself: hotswap-tui sync status" in capfd.readouterr().err
    assert world.objects()["secondary"] == world.whole()["secondary"]


def test_a_server_that_is_down_is_one_line(world, capfd):
    world.secondary.crash()
    assert main(["sync", "setup", "--yes"]) == exit_codes.NOTHING_DONE
    err = capfd.readouterr().err
    assert "secondary: cannot be reached: 127.0.0.1:" in err
    assert "Traceback" not in err
    assert main(["sync", "teardown", "--yes"]) == exit_codes.FAILED
    assert "DROP SUBSCRIPTION" in capfd.readouterr().err


def test_without_a_secondary_it_is_wrong_usage(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL_SECONDARY", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@localhost/db")
    assert main(["sync", "setup"]) == main(["sync", "teardown"]) == exit_codes.USAGE


def test_progress_is_tables_rows_bytes_and_time_left():
    first, now = Progress(4, 0, 0, 1000, 0, 4_000_000), Progress(4, 1, 250, 1000, 1_000_000, 4_000_000)
    assert left_s(first, now, 1.0) is None
    assert left_s(first, now, 10.0) == pytest.approx(30.0)
    from dataclasses import replace

    line = words(replace(now, left_s=30.0))
    assert line.startswith("copy █████···············  25%  1 of 4 tables, 250 of about 1,000 rows, 976.6 kB of 3.8 MB")
    assert line.endswith("about 30s left")
    assert size(512) == "512 B"
    assert words(Progress(2, 2, 0, 0, 0, 0)).startswith("copy ████████████████████ 100%  2 of 2 tables, 0 B")
