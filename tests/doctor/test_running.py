"""Whether an engine runs, and with these settings: what is said, and how it is found out."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Role
from hotswap_tui.doctor.facts import EngineLook
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.look_engine import lock_of, look_at_engine
from hotswap_tui.doctor.running import running
from hotswap_tui.engine.journal_store import Store
from hotswap_tui.engine.lock import StateLock
from hotswap_tui.engine.ports import Entry, Memory, ModeMemory
from tests.support.controlled import controlled

POLICY = Policy()
URLS = {Role.PRIMARY: "postgresql://app:****@one.example/app"}
NONE = EngineLook(Path("/state"))
RUNS = replace(NONE, locked=True, holder="pid 812, hotswap-tui serve")


@pytest.mark.parametrize(
    ("look", "gateway", "level", "words"),
    [
        (NONE, None, Level.NOTE, "none runs here"),
        (RUNS, None, Level.OK, "one runs (pid 812, hotswap-tui serve); with which settings cannot be seen"),
        (replace(RUNS, policy=POLICY, urls=URLS), None, Level.OK, "with these settings"),
        (replace(NONE, trouble="permission denied"), None, Level.UNSEEN, "permission denied"),
        (
            replace(RUNS, locked=False, elsewhere="/run/s", policy=POLICY, urls=URLS),
            None,
            Level.OK,
            "with these settings",
        ),
        (replace(NONE, elsewhere="/run/s", policy=POLICY), None, Level.NOTE, "the one at /run/s has other connection"),
        (replace(NONE, elsewhere="/run/s"), None, Level.UNSEEN, "may not be asked as this user"),
        (NONE, RUNS, Level.WARNING, "another state directory"),
        (replace(RUNS, disarmed="pi@tty1: maintenance"), None, Level.WARNING, "is off (pi@tty1: maintenance)"),
    ],
)
def test_what_is_said(look, gateway, level, words):
    found = [*running(look, POLICY, URLS, gateway=gateway)]
    assert max(each.level for each in found) is level
    assert words in found[-1].text


def test_other_settings_are_named_by_their_variables():
    policy = replace(POLICY, check_interval_s=1.0, failback_auto=False, max_lag_s=5.0, failback_guarded=True)
    theirs = replace(RUNS, policy=policy, urls={})
    (found,) = running(theirs, POLICY, URLS)
    assert found.level is Level.WARNING
    assert found.text.endswith("DB_HEALTH_CHECK_INTERVAL, DB_FAILBACK, DB_MAX_LAG, DB_FAILBACK_GUARD, DATABASE_URL")


async def test_a_lock_tells_who_runs(tmp_path):
    assert not lock_of(tmp_path).locked
    with StateLock(tmp_path, command="hotswap-tui serve", now_wall_s=time.time()):
        found = await look_at_engine(tmp_path, {}, time.time())
    assert found.locked
    assert found.holder.endswith(", hotswap-tui serve")
    assert found.policy is None


async def test_the_journal_tells_of_failovers_and_of_who_disarmed(tmp_path):
    now_s = time.time()
    memory = Memory(
        Role.PRIMARY,
        now_s,
        "pair",
        mode=ModeMemory(armed=False, by="pi@tty1", why="maintenance"),
        failover_wall_s=(now_s - 7200, now_s - 60, now_s - 30),
    )
    store = Store(tmp_path, time.time, lambda _: None)
    store.write(Entry(memory=memory), ())
    store.close()
    found = await look_at_engine(tmp_path, {}, now_s)
    assert (found.failovers_in_hour, found.disarmed, found.locked) == (2, "pi@tty1: maintenance", False)
    assert found.serving is Role.PRIMARY


async def test_a_damaged_journal_is_told(tmp_path):
    (tmp_path / "journal.sqlite3").write_bytes(b"no database at all" * 100)
    look = await look_at_engine(tmp_path, {}, time.time())
    _, found = running(look, POLICY, URLS)
    assert (found.subject, found.level) == ("journal", Level.WARNING)
    assert "journal.sqlite3" in found.text


def test_a_standby_interval_that_follows_is_not_named():
    slower = replace(POLICY, check_interval_s=1.0, standby_check_interval_s=1.0)
    (found,) = running(replace(RUNS, policy=slower, urls=URLS), POLICY, URLS)
    assert found.text.endswith("looked at: DB_HEALTH_CHECK_INTERVAL")


async def test_where_no_engine_ever_ran_nothing_is_made(tmp_path):
    found = await look_at_engine(tmp_path / "state", {}, time.time())
    assert found == EngineLook(tmp_path / "state")
    assert not (tmp_path / "state").exists()


async def test_an_engine_that_runs_is_asked_what_it_runs_with(server_pair, tmp_path):
    """Also where only its socket shows it, as to a user who is not the service's."""
    urls = {"DATABASE_URL": server_pair.primary.url, "DATABASE_URL_SECONDARY": server_pair.secondary.url}
    async with controlled(tmp_path, urls) as running_engine:
        runtime = tmp_path / "runtime"
        (runtime / "hotswap-tui").mkdir(parents=True)
        (runtime / "hotswap-tui" / running_engine.socket.name).symlink_to(running_engine.socket)
        own = await look_at_engine(tmp_path, {}, time.time())
        beside = await look_at_engine(tmp_path / "other", {"XDG_RUNTIME_DIR": str(runtime)}, time.time())
        policy = running_engine.engine.snapshot().policy
    assert (own.locked, own.elsewhere) == (True, "")
    assert (beside.locked, beside.elsewhere.startswith(str(runtime))) == (False, True)
    for found in (own, beside):
        assert found.policy == policy
        assert (found.active, found.sync) == (Role.PRIMARY, None)
        assert [*found.urls] == [Role.PRIMARY, Role.SECONDARY]
        assert "****" in found.urls[Role.PRIMARY]
        (told,) = running(found, policy, found.urls)
        assert told.level is Level.OK
