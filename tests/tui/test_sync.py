"""The data on the screen: the lag beside the database, the block where there is room, and what is written down of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.tui.cells import Tone
from hotswap_tui.tui.table import table_rows
from tests.support.pictures import NOW_S, POLICY, snapshot
from tests.support.screens import running, shown
from tests.support.scripted_client import ScriptedClient
from tests.support.sync_pictures import APART, FORTH, IN_STEP, sync_pictures, synced

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.tui.app import HotSwapApp

PICTURES = sync_pictures()
SLOW = replace(POLICY, sync_interval_s=60.0)


def lag_of(app: HotSwapApp, picture: Snapshot, role: Role) -> tuple[str, Tone]:
    """Return what stands in the lag column for `role`."""
    client = app.client
    assert isinstance(client, ScriptedClient)
    client.picture = picture
    head, *rows = table_rows(app.view(), 80)
    end = head.text.index(" lag") + len(" lag")
    row = rows[list(Role).index(role)]
    at = 0
    for span in row.spans:
        at += len(span.text)
        if at == end:
            return span.text.strip(), span.tone
    message = f"no column ends at {end}: {row.text!r}"
    raise AssertionError(message)


async def test_the_lag_stands_beside_the_database_that_does_not_serve() -> None:
    """Dim when nobody has looked for long, a warning over DB_MAX_LAG, and growing while nothing flows."""
    old = replace(IN_STEP, flows=(replace(FORTH, measured_s=NOW_S - 95),))
    late = replace(IN_STEP, flows=(replace(FORTH, lag_s=74.0),))
    stopped = replace(IN_STEP, flows=(replace(FORTH, streaming=False, measured_s=NOW_S - 312),))
    unknown = replace(IN_STEP, flows=(replace(FORTH, lag_s=None),))
    cases: list[tuple[Snapshot, tuple[str, Tone]]] = [
        (snapshot(), ("-", Tone.DIM)),
        (synced(APART), ("-", Tone.DIM)),
        (synced(unknown), ("-", Tone.DIM)),
        (synced(IN_STEP, policy=SLOW), ("0.2s", Tone.PLAIN)),
        (synced(old, policy=SLOW), ("0.2s", Tone.DIM)),
        (synced(late, policy=SLOW), ("74s", Tone.PLAIN)),
        (synced(late, policy=replace(SLOW, max_lag_s=30.0)), ("74s", Tone.WARNING)),
        (synced(stopped, policy=SLOW), ("5m", Tone.WARNING)),
    ]
    async with running(ScriptedClient()) as (app, _):
        for picture, expected in cases:
            assert lag_of(app, picture, Role.SECONDARY) == expected
            assert lag_of(app, picture, Role.PRIMARY) == ("-", Tone.DIM)
        assert lag_of(app, PICTURES["sync-needs-sync"], Role.PRIMARY) == ("0.3s", Tone.PLAIN)


@pytest.mark.parametrize(("size", "there"), [((80, 24), False), ((80, 36), True), ((120, 40), True), ((70, 40), False)])
async def test_the_block_is_there_where_it_takes_no_event_away(size: tuple[int, int], there: bool) -> None:
    """Small screens have the lag, and what must be known now in the second line."""
    async with running(ScriptedClient(PICTURES["sync-in-step"]), size) as (app, _):
        assert ("─ sync ─" in shown(app)) is there
        assert "lag" in shown(app)


async def test_the_block_comes_with_the_first_reading() -> None:
    """Until then the events have its lines."""
    client = ScriptedClient()
    async with running(client, (120, 40)) as (app, pilot):
        assert "─ sync ─" not in shown(app)
        before = next(n for n, line in enumerate(shown(app).splitlines()) if "─ events" in line)
        client.change(sync=IN_STEP)
        app.paint()
        await pilot.pause()
        assert next(n for n, line in enumerate(shown(app).splitlines()) if "─ events" in line) == before + 5


async def test_a_reading_that_grows_old_says_so() -> None:
    """The age at the right is of the look, that in a fact of its own figure."""
    client = ScriptedClient(synced(replace(IN_STEP, read_s=NOW_S - 1260)))
    async with running(client, (120, 40)) as (app, _):
        assert "seen  21m ──" in shown(app)
        assert "seen 12s ago" in shown(app)


async def test_the_key_opens_the_page_and_leads_back() -> None:
    """Without a secondary there is nothing to compare."""
    async with running(ScriptedClient(PICTURES["sync-in-step"])) as (app, pilot):
        await pilot.press("4")
        assert "waits until secondary has everything" in shown(app)
        await pilot.press("4")
        assert "─ sync ─" not in shown(app)
    async with running(ScriptedClient(snapshot(secondary=None, failover_available=False))) as (app, pilot):
        await pilot.press("4")
        assert "Sync: Set DATABASE_URL_SECONDARY" in shown(app)


async def test_what_is_not_measured_says_why() -> None:
    """Nobody has looked yet, or nobody shall."""
    client = ScriptedClient()
    async with running(client) as (app, pilot):
        await pilot.press("4")
        assert "the pair has not been looked at yet" in shown(app)
        client.change(policy=replace(POLICY, sync_interval_s=0.0))
        app.paint()
        await pilot.pause()
        assert "DB_SYNC_CHECK_INTERVAL is 0" in shown(app)


async def test_what_is_written_down_has_the_data(tmp_path: Path) -> None:
    """The text below the screen and the JSON both."""
    async with running(ScriptedClient(PICTURES["sync-diverged"]), directory=tmp_path) as (app, _):
        app.write_snapshot()
    _check_record(tmp_path)


def _check_record(directory: Path) -> None:
    text = next(directory.rglob("*.txt")).read_text(encoding="utf-8")
    assert "public.orders: 380 inserted, 15 updated, 5 deleted" in text
    facts = json.loads(next(directory.rglob("*.json")).read_text(encoding="utf-8"))
    assert facts["sync"]["dossier"]["verdict"] == "diverged"
