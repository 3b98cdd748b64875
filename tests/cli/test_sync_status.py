"""`sync status` and `sync heartbeat`, run against two real servers."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

import psycopg
import pytest

from hotswap_tui.cli import exit_codes, sync_heartbeat, sync_status
from hotswap_tui.core.sync import Flow, Relation, SchemaDrift, SequenceDrift, Slot, SyncReading
from hotswap_tui.core.values import Role

FLOW = Flow(Role.PRIMARY, "s", streaming=True, lag_s=1.0, lag_bytes=0, measured_s=1.0)
WELL = SyncReading(1.0, Relation.LOGICAL, (FLOW,), schema=SchemaDrift(0))


@pytest.fixture
def world(make_server, tmp_path, monkeypatch):
    """Give two servers of the test's own, named in the environment."""
    servers = make_server("primary"), make_server("secondary")
    for variable, server in zip(("DATABASE_URL", "DATABASE_URL_SECONDARY"), servers, strict=True):
        monkeypatch.setenv(variable, server.url)
        with psycopg.connect(server.superuser_url) as connection:
            connection.execute("GRANT CREATE ON SCHEMA public TO ccfinapp")
    monkeypatch.setenv("HOTSWAP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DB_CONNECTION_TIMEOUT", "2000")
    monkeypatch.chdir(tmp_path)
    return servers


def command(module, *arguments):
    parser = argparse.ArgumentParser()
    module.add_parser(parser.add_subparsers())
    args = parser.parse_args(arguments)
    return args.run(args)


def persistence(server):
    with psycopg.connect(server.url) as connection:
        query = "SELECT relpersistence::text FROM pg_class WHERE relname = 'hotswap_heartbeat'"
        row = connection.execute(query).fetchone()
    return row and row[0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, exit_codes.OK),
        ({"sequences_behind": 1, "sequences": (SequenceDrift("s", 2, 1),)}, exit_codes.OK),
        ({"relation": Relation.UNRELATED, "flows": ()}, exit_codes.FAILED),
        ({"relation": Relation.PROMOTED, "flows": ()}, exit_codes.FAILED),
        ({"relation": Relation.HEARTBEAT, "sequences_behind": 1}, exit_codes.FAILED),
        ({"flows": (replace(FLOW, lag_s=31.0),)}, exit_codes.FAILED),
        ({"flows": (replace(FLOW, lag_s=None),)}, exit_codes.FAILED),
        ({"flows": (replace(FLOW, missing=1),)}, exit_codes.FAILED),
        ({"flows": (replace(FLOW, not_ready=1),)}, exit_codes.FAILED),
        ({"flows": (replace(FLOW, streaming=False),)}, exit_codes.FAILED),
        ({"schema": SchemaDrift(2)}, exit_codes.FAILED),
        ({"slots": (Slot(Role.PRIMARY, "s", active=False, lost=True),)}, exit_codes.FAILED),
        ({"secondary_error": "refused"}, exit_codes.UNKNOWN),
    ],
)
def test_the_exit_code_says_whether_a_switch_loses_anything(changes, code):
    assert sync_status.exit_code(replace(WELL, **changes), 30.0) == code


def test_the_heartbeat_makes_any_method_visible(world, capsys):
    """It is created on both, told to be there, seen by `sync status`, and removed."""
    primary, secondary = world
    assert command(sync_status, "status", "--json") == exit_codes.FAILED
    found = json.loads(capsys.readouterr().out)
    assert (found["relation"], found["flows"], found["primary_error"]) == ("unrelated", [], None)
    with psycopg.connect(primary.url) as connection:
        connection.execute("CREATE UNLOGGED TABLE hotswap_heartbeat (one boolean PRIMARY KEY, beat_at timestamptz)")
        connection.execute("INSERT INTO hotswap_heartbeat VALUES (true, now())")
    assert command(sync_heartbeat, "heartbeat", "--dry-run") == exit_codes.OK
    printed = capsys.readouterr().out
    assert "ALTER TABLE public.hotswap_heartbeat SET LOGGED" in printed or 'public."hotswap_heartbeat"' in printed
    assert (persistence(primary), persistence(secondary)) == ("u", None)
    assert command(sync_heartbeat, "heartbeat") == exit_codes.NOTHING_DONE
    assert command(sync_heartbeat, "heartbeat", "--yes") == exit_codes.OK
    assert (persistence(primary), persistence(secondary)) == ("p", "p")
    assert command(sync_heartbeat, "heartbeat", "--yes") == exit_codes.OK
    assert "nothing to do" in capsys.readouterr().err
    assert command(sync_status, "status") == exit_codes.OK, capsys.readouterr()
    assert "heartbeat" in capsys.readouterr().out
    assert command(sync_heartbeat, "heartbeat", "--remove", "--yes") == exit_codes.OK
    assert (persistence(primary), persistence(secondary)) == (None, None)
    secondary.stop()
    assert command(sync_status, "status") == exit_codes.UNKNOWN
    assert "refused" in capsys.readouterr().out


def test_one_database_alone_has_nothing_to_compare(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@127.0.0.1/app")
    monkeypatch.setenv("HOTSWAP_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL_SECONDARY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert command(sync_status, "status") == exit_codes.USAGE
    assert "DATABASE_URL_SECONDARY" in capsys.readouterr().err
