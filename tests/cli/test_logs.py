"""`hotswap-tui logs`: the events of an engine, or of its journal."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.core.events import ArmRequest, DisarmRequest
from hotswap_tui.engine.journal_store import Store
from hotswap_tui.engine.local import LocalClient
from hotswap_tui.engine.ports import Entry
from tests.support.controlled import command, controlled, started
from tests.support.journal_entries import event


@pytest.fixture
def both(server_pair):
    return {"DATABASE_URL": server_pair.primary.url, "DATABASE_URL_SECONDARY": server_pair.secondary.url}


async def test_the_log_of_a_running_engine(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        await LocalClient(engine.engine).request(DisarmRequest("pi@tty1", "upgrade"))
        told = await engine.command("logs")
        assert (told.code, told.err) == (exit_codes.OK, "")
        lines = told.out.splitlines()
        assert lines[0].endswith("  [DB Manager] engine started, pid " + lines[0].rpartition(" ")[2])
        assert any(line.endswith("[DB Manager] ✅ Connected to primary database") for line in lines)
        assert lines[-1].endswith("[DB Manager] pi@tty1 switched automatic switching off: upgrade")

        last = await engine.command("logs", "--json", "--limit", "1")
        assert json.loads(last.out)["kind"] == "disarmed"


async def test_following_goes_on_with_what_happens(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        client = LocalClient(engine.engine)
        await client.request(DisarmRequest("pi@tty1"))
        process = await started("logs", "--follow", "--limit", "1", "--state-dir", str(engine.state_dir))
        assert process.stdout is not None
        assert b"switched automatic switching off" in await asyncio.wait_for(process.stdout.readline(), 30)
        await client.request(ArmRequest("pi@tty1"))
        assert b"switched automatic switching on" in await asyncio.wait_for(process.stdout.readline(), 30)
        process.send_signal(2)
        assert await asyncio.wait_for(process.wait(), 30) == exit_codes.OK


@pytest.fixture
def journal(tmp_path):
    store = Store(tmp_path, time.time, lambda _: None)
    now_s = time.time()
    told = [replace(event(n, text=f"event {n}\x1b[2J"), wall_s=now_s - 100 * (4 - n)) for n in (1, 2, 3)]
    store.write(Entry(tuple(told)))
    store.close()
    return tmp_path


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ((), [1, 2, 3]),
        (("--limit", "2"), [2, 3]),
        (("--since", "250s"), [2, 3]),
        (("--since", "250s", "--limit", "1"), [3]),
    ],
)
async def test_without_an_engine_the_journal_is_read(options, ids, journal):
    told = await command("logs", "--json", *options, "--state-dir", str(journal))
    assert told.code == exit_codes.OK
    assert told.err == f"no engine answers; these are from {journal}/journal.sqlite3\n"
    assert [json.loads(line)["id"] for line in told.out.splitlines()] == ids
    assert "\x1b" not in told.out


async def test_following_needs_an_engine(journal):
    told = await command("logs", "--follow", "--state-dir", str(journal))
    assert (told.code, told.out) == (exit_codes.NO_ENGINE, "")
    assert "no engine answers at" in told.err


async def test_neither_an_engine_nor_a_journal(tmp_path):
    told = await command("logs", "--state-dir", str(tmp_path))
    assert (told.code, told.out) == (exit_codes.FAILED, "")
    assert "no engine answers at" in told.err
    assert "there is no journal" in told.err
