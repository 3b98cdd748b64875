"""`sync schema`: the diff as data, and a migration command that runs once for each database."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from hotswap_tui.cli import exit_codes, sync_schema
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.schema import migration

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import os, psycopg, sys
url = os.environ["DATABASE_URL"]
assert os.environ["DIRECT_URL"] == url
assert url.endswith("?schema=public&connection_limit=5"), "Prisma's parameters are kept"
assert not {"DATABASE_URL_SECONDARY", "HOTSWAP_TOKEN", "DB_PRIMARY_URL_FROM_SECONDARY"} & os.environ.keys()
print("applying", *sys.argv[1:])
with psycopg.connect(url.partition("?")[0]) as connection:
    connection.execute("CREATE TABLE migrated (id int)")
"""


@pytest.fixture
def world(make_server, tmp_path, monkeypatch):
    """Give two servers of the test's own, named in the environment as Prisma's users write them."""
    servers = make_server("primary"), make_server("secondary")
    for variable, server in zip(("DATABASE_URL", "DATABASE_URL_SECONDARY"), servers, strict=True):
        monkeypatch.setenv(variable, f"{server.url}?schema=public&connection_limit=5")
    monkeypatch.setenv("HOTSWAP_TOKEN", "a-token-of-twenty-characters")
    monkeypatch.setenv("HOTSWAP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return servers


@pytest.fixture
def command(tmp_path) -> str:
    path = tmp_path / "migrate it.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return shlex.join([sys.executable, str(path), "deploy", "two words"])


def schema(*arguments):
    parser = argparse.ArgumentParser()
    sync_schema.add_parser(parser.add_subparsers())
    args = parser.parse_args(["schema", *arguments])
    return args.run(args)


def execute(server, statement):
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(statement)


def has(server, table):
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone() == (True,)


def test_the_diff_is_data_and_the_code_says_whether_there_is_any(world, capsys):
    assert schema() == exit_codes.OK
    assert capsys.readouterr() == ("", "the schemas are alike\n")
    assert schema("--json") == exit_codes.OK
    assert json.loads(capsys.readouterr().out) == {"differences": []}
    execute(world[1], "ALTER TABLE users ALTER email TYPE varchar(100); DROP TABLE budgets")
    assert schema() == exit_codes.FAILED
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "+ only on primary: table public.budgets",
        "~ column public.users.email: primary text NOT NULL, secondary character varying(100) NOT NULL",
    ]
    assert said.err == "2 differences between the schemas\n"
    assert schema("--json") == exit_codes.FAILED
    assert json.loads(capsys.readouterr().out)["differences"][1] == {
        "kind": "column",
        "name": "public.users.email",
        "primary": "text NOT NULL",
        "secondary": "character varying(100) NOT NULL",
    }


def test_a_migration_runs_for_both_and_is_compared(world, command, capfd):
    assert schema("--command", command, "--json") == exit_codes.OK
    said = capfd.readouterr()
    assert json.loads(said.out) == {"differences": []}
    assert said.err.count("applying deploy two words") == 2
    assert said.err.index("── primary") < said.err.index("── secondary")
    assert "no engine says which database serves" in said.err
    assert all(server._password not in said.err for server in world)
    assert all(has(server, "migrated") for server in world)


def test_a_dry_run_runs_nothing_and_shows_no_password(world, command, capfd):
    assert schema("--command", command, "--dry-run") == exit_codes.OK
    out = capfd.readouterr().out
    assert [line.partition(":")[0] for line in out.splitlines()] == ["primary", "secondary"]
    assert all(server._password not in out for server in world)
    assert not any(has(server, "migrated") for server in world)


@pytest.mark.parametrize(
    ("beforehand", "said"),
    [
        (0, "exit code 1; the primary has not, or in part, the secondary was not touched"),
        (1, "exit code 1; the primary has been migrated, the secondary has not, or in part"),
    ],
    ids=["primary", "secondary"],
)
def test_a_failure_says_which_database_has_been_migrated(world, command, capfd, beforehand, said):
    execute(world[beforehand], "CREATE TABLE migrated (other text)")
    assert schema("--command", command) == exit_codes.NOT_MIGRATED
    err = capfd.readouterr().err
    assert said in err
    assert ("── secondary" in err) is bool(beforehand)


def test_a_standby_is_left_out_and_waited_for(make_server, make_standby, command, monkeypatch, tmp_path, capfd):
    primary = make_server()
    standby = make_standby(primary)
    for variable, server in (("DATABASE_URL", primary), ("DATABASE_URL_SECONDARY", standby)):
        monkeypatch.setenv(variable, f"{server.url}?schema=public&connection_limit=5")
    monkeypatch.setenv("HOTSWAP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    assert schema("--command", command) == exit_codes.OK
    err = capfd.readouterr().err
    assert "secondary: a standby" in err
    assert "── secondary" not in err


def test_notes_of_a_migration_tool_that_are_replicated_stop_it(make_server, command, monkeypatch, tmp_path, capfd):
    """The second run would find that everything has been done, and replication would stop at the first new column."""
    servers = make_server("primary", wal_level="logical"), make_server("secondary")
    for variable, server in zip(("DATABASE_URL", "DATABASE_URL_SECONDARY"), servers, strict=True):
        monkeypatch.setenv(variable, f"{server.url}?schema=public&connection_limit=5")
        execute(server, "CREATE TABLE _prisma_migrations (id text PRIMARY KEY)")
    monkeypatch.chdir(tmp_path)
    run = {server: psycopg.connect(server.superuser_url, autocommit=True) for server in servers}
    run[servers[0]].execute("CREATE PUBLICATION everything FOR ALL TABLES")
    assert schema("--command", command, "--dry-run") == exit_codes.OK
    run[servers[1]].execute(
        f"CREATE SUBSCRIPTION taking CONNECTION '{servers[0].superuser_url}' PUBLICATION everything WITH (copy_data = false)"
    )
    assert schema("--command", command) == exit_codes.NOTHING_DONE
    assert "public._prisma_migrations is replicated" in capfd.readouterr().err
    assert not has(servers[0], "migrated")
    run[servers[1]].execute("DROP SUBSCRIPTION taking")
    for connection in run.values():
        connection.close()


def test_a_database_that_cannot_be_read_is_not_a_difference(world, command, capfd):
    world[1].stop()
    assert schema() == exit_codes.UNKNOWN
    assert "secondary: Connection refused" in capfd.readouterr().err
    assert schema("--command", command) == exit_codes.UNKNOWN
    assert "nothing was run" in capfd.readouterr().err
    assert not has(world[0], "migrated")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dry-run"], "--dry-run says what --command would run"),
        (["--command", "  "], "--command is empty"),
        (["--command", "npx 'prisma"], "--command cannot be read: no closing quotation"),
        (["--command", "no-such-program deploy"], "there is no program no-such-program"),
    ],
)
def test_wrong_usage_says_what_is_wrong(arguments, said, capsys):
    assert schema(*arguments) == exit_codes.USAGE
    assert said in capsys.readouterr().err


def test_without_a_secondary_there_is_nothing_to_compare(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u@h/d")
    monkeypatch.delenv("DATABASE_URL_SECONDARY", raising=False)
    assert schema() == exit_codes.USAGE
    assert "DATABASE_URL_SECONDARY" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupt_says_how_far_it_came(world, tmp_path, number):
    """The command gets the signal only where a terminal sends it to both; either way it does not go on alone."""
    flag = tmp_path / "started"
    script = tmp_path / "slow.py"
    script.write_text(
        f"import pathlib, time, os\npathlib.Path({str(flag)!r}).write_text(str(os.getpid()))\ntime.sleep(60)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = shlex.join([sys.executable, str(script)])
    program = [sys.executable, "-m", "hotswap_tui", "sync", "schema", "--command", command]
    process = subprocess.Popen(program, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until_written(flag, process)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == exit_codes.INTERRUPTED
    assert "interrupted; the primary has not, or in part, the secondary was not touched" in err
    with pytest.raises(ProcessLookupError):
        os.kill(int(flag.read_text()), 0)


def until_written(path: Path, process) -> None:
    deadline_s = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert process.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_a_program_that_cannot_be_started_is_one_line(tmp_path):
    file = tmp_path / "not a program"
    file.touch(mode=0o600)
    with pytest.raises(SyncError, match="cannot be started: Permission denied"):
        migration.run([str(file)], {})
