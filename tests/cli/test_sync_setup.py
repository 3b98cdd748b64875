"""`sync setup` and `sync teardown` as a person runs them."""

from __future__ import annotations

import json
import shlex
import sys
from functools import partial

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.main import main
from hotswap_tui.cli.sync_progress import ProgressLine, size, words
from hotswap_tui.config.settings import variables
from hotswap_tui.sync.replication.progress import Progress, left_s
from hotswap_tui.sync.schema import replicated
from tests.support.until import until_sync
from tests.sync.setup_world import connected, fresh, started

MIGRATION = """\
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    if connection.execute("SELECT FROM _prisma_migrations WHERE id = 'second'").fetchone() is None:
        connection.execute("ALTER TABLE marker ADD COLUMN note text NOT NULL DEFAULT 'new'")
        connection.execute("CREATE TABLE made (id int PRIMARY KEY)")
        connection.execute("INSERT INTO _prisma_migrations VALUES ('second')")
"""


def _gives(world, role, query, expected):
    return world.execute(role, query) == expected


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


def test_migrations_run_on_both_databases_under_two_way_replication(world, tmp_path, capfd):
    """What a migration tool notes stays each database's own, rows go on flowing, and a new table joins with the next setup."""
    world.on_both(
        "CREATE TABLE _prisma_migrations (id text PRIMARY KEY); INSERT INTO _prisma_migrations VALUES ('first')"
    )
    (tmp_path / "migrate.py").write_text(MIGRATION, encoding="utf-8")
    assert main(["sync", "setup", "--two-way", "--yes"]) == exit_codes.OK
    out, err = capfd.readouterr()
    assert "ALL TABLES" not in out
    assert "_prisma_migrations" not in out
    assert err.count("table public._prisma_migrations is left out, where a migration tool notes") == 2
    command = shlex.join([sys.executable, "migrate.py"])
    assert main(["sync", "schema", "--command", command, "--json"]) == exit_codes.OK
    out, err = capfd.readouterr()
    assert json.loads(out) == {"differences": []}
    assert "the primary first, whose rows replication carries" in err
    assert "new, and not replicated yet: public.made; run hotswap-tui sync setup --two-way again now" in err
    assert main(["sync", "setup", "--two-way", "--yes"]) == exit_codes.OK
    assert capfd.readouterr().out.count('ADD TABLE "public"."made"') == 2
    for role in ("primary", "secondary"):
        world.execute(role, f"INSERT INTO marker VALUES ('{role} later'); INSERT INTO made VALUES ({len(role)})")
        assert world.execute(role, "TABLE _prisma_migrations") == [("first",), ("second",)]
    for role in ("primary", "secondary"):
        query = "SELECT count(*), (SELECT count(*) FROM made) FROM marker WHERE note = 'new'"
        until_sync(partial(_gives, world, role, query, [(3, 2)]))


def test_a_migration_waits_for_rows_unless_the_change_is_what_they_wait_for(world, tmp_path, monkeypatch, capfd):
    """Where schemas differ already, a migration was done in part, and only the rest of it lets replication go on."""
    world.on_both("CREATE TABLE _prisma_migrations (id text PRIMARY KEY)")
    (tmp_path / "migrate.py").write_text(MIGRATION, encoding="utf-8")
    command = shlex.join([sys.executable, "migrate.py"])
    assert main(["sync", "setup", "--yes"]) == exit_codes.OK
    monkeypatch.setattr(replicated, "_ARRIVES_S", 0.2)
    with connected(world.secondary, world.database) as holder:
        holder.execute("BEGIN; LOCK TABLE marker IN ACCESS EXCLUSIVE MODE")
        world.execute("primary", "INSERT INTO marker VALUES ('on its way')")
        assert main(["sync", "schema", "--command", command]) == exit_codes.NOTHING_DONE
        assert "behind after 0.2 s; nothing was run" in capfd.readouterr().err
        holder.execute("ROLLBACK")
    assert world.execute("primary", "TABLE _prisma_migrations") == []
    world.execute(
        "primary", "ALTER TABLE marker ADD note text NOT NULL DEFAULT 'new'; CREATE TABLE made (id int PRIMARY KEY)"
    )
    world.execute("primary", "INSERT INTO _prisma_migrations VALUES ('second'); INSERT INTO marker VALUES ('wide')")
    assert main(["sync", "schema", "--command", command]) == exit_codes.OK
    until_sync(lambda: world.execute("secondary", "SELECT count(*) FROM marker") == [(3,)])


def test_progress_is_tables_rows_bytes_and_time_left():
    first, now = Progress(4, 0, 0, 1000, 0, 4_000_000), Progress(4, 1, 250, 1000, 1_000_000, 4_000_000)
    assert left_s(first, now, 1.0) is None
    assert left_s(first, now, 10.0) == pytest.approx(30.0)
    from dataclasses import replace

    line = words(replace(now, left_s=30.0))
    assert line == "copy ████············  25%  1/4 tables, 250/1,000 rows, 977 kB/3.8 MB, ~30s left"
    assert size(512) == "512 B"
    assert words(Progress(2, 2, 0, 0, 0, 0)) == "copy ████████████████████ 100%  2/2 tables, 0 B/0 B"


def test_everything_about_the_progress_fits_into_80_columns():
    large = Progress(1234, 567, 987_654_321, 1_987_654_321, 987 << 30, 1987 << 30, left_s=90_000.0)
    assert len(words(large)) <= 80
    assert words(large).endswith(" left")
    assert words(large, 20).startswith("copy  50%")
