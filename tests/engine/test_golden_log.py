"""The log of a live failover and failback, on two real servers, next to the reference's log examples."""

from __future__ import annotations

import io
import json
import re
from contextlib import asynccontextmanager

import pytest

from hotswap_tui.config import load
from hotswap_tui.core.values import Role, State
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.engine.log import EventLog
from tests.support.until import until

REFERENCE = """\
[DB Manager] Initializing with configuration:
  Primary: postgresql://ccfinapp:****@localhost:5432/cc_financial
  Secondary: postgresql://user:****@ep-cool-name.neon.tech/cc_financial
  Health check interval: 30000ms
  Failure threshold: 3

[DB Manager] ✅ Connected to primary database

[DB Manager] ❌ Failed to connect to primary database: Connection timeout
[DB Manager] ⚠️  Failure threshold reached (3/3), failing over to secondary
[DB Manager] ✅ Connected to secondary database (FAILOVER MODE)

[DB Manager] 🔄 Attempting to reconnect to primary database...
[DB Manager] ✅ Primary database reconnected (was down for 180s)
"""
"""The reference's log examples, verbatim."""

INTERVAL_MS = 300
FAST = {
    "DB_HEALTH_CHECK_INTERVAL": str(INTERVAL_MS),
    "DB_CONNECTION_TIMEOUT": "300",
    "DB_FAILURE_RETRY_INTERVAL": "100",
    "DB_PRIMARY_RETRY_INTERVAL": "500",
    "DB_FRESH_CONNECT_EVERY": "3",
    "DB_SYNC_CHECK_INTERVAL": "0",  # the reference does not look at the data
}
DEADLINE_S = 20.0


class Live:
    """An engine over two real servers, and what its log says."""

    def __init__(self, pair, tmp_path, log_format="reference"):
        urls = {"DATABASE_URL": pair.primary.url, "DATABASE_URL_SECONDARY": pair.secondary.url}
        self.loaded = load({}, {**FAST, **urls, "HOTSWAP_STATE_DIR": str(tmp_path)}, [], tmp_path, None)
        self._raw = io.BytesIO()
        self._log = EventLog(log_format, io.TextIOWrapper(self._raw, encoding="utf-8", write_through=True))

    @asynccontextmanager
    async def running(self):
        settings, secondary = self.loaded.settings, self.loaded.secondary
        assert secondary is not None
        masked = (self.loaded.primary.masked(), secondary.masked())
        self._log.initializing(*masked, settings.health_check_interval_ms, settings.failure_threshold)
        async with assemble(self.loaded, self._log.write) as engine:
            yield engine

    def lines(self):
        self._log.close()
        return self._raw.getvalue().decode().splitlines()


async def turned(engine, state):
    await until(lambda: engine.snapshot().state is state and engine.snapshot().switch is None, DEADLINE_S, state)


async def fail_over_and_back(live, pair, *, freeze):
    async with live.running() as engine:
        await turned(engine, State.PRIMARY)
        await until(lambda: engine.snapshot().failover_available, DEADLINE_S)
        (pair.primary.freeze if freeze else pair.primary.crash)()
        await turned(engine, State.SECONDARY)
        (pair.primary.thaw if freeze else pair.primary.start)()
        await turned(engine, State.PRIMARY)


def expected(live, cause):
    """Put this run's addresses, interval and cause into the reference's lines; any duration will do."""
    text = REFERENCE.replace("Connection timeout", cause).replace("30000ms", f"{INTERVAL_MS}ms")
    text = re.sub("Primary: .*", f"Primary: {live.loaded.primary.masked()}", text)
    text = re.sub("Secondary: .*", f"Secondary: {live.loaded.secondary.masked()}", text)
    return [durations_aside(line) for line in text.splitlines() if line]


def durations_aside(line):
    return re.sub(r"down for \d+s", "down for Ns", line)


def without_repeats(lines):
    """Return the lines with consecutive failures of one kind as one; the reference shows only the first."""
    kept = [line for i, line in enumerate(lines) if i == 0 or line != lines[i - 1] or "❌" not in line]
    return [durations_aside(line) for line in kept]


@pytest.mark.parametrize(("freeze", "cause"), [(True, "Connection timeout"), (False, "Connection refused")])
async def test_a_failover_and_a_failback_read_as_in_the_reference(server_pair, tmp_path, freeze, cause):
    live = Live(server_pair, tmp_path)
    await fail_over_and_back(live, server_pair, freeze=freeze)
    assert without_repeats(live.lines()) == [*expected(live, cause), "[DB Manager] engine stopped"]


async def test_both_down_is_said_in_the_words_of_the_reference(server_pair, tmp_path):
    live = Live(server_pair, tmp_path)
    async with live.running() as engine:
        await turned(engine, State.PRIMARY)
        server_pair.secondary.crash()
        server_pair.primary.crash()
        await turned(engine, State.UNAVAILABLE)
    assert live.lines()[-2] == "[DB Manager] Error: Both primary and secondary databases are unavailable"


async def test_json_tells_the_same_story_with_its_figures(server_pair, tmp_path):
    live = Live(server_pair, tmp_path, "json")
    await fail_over_and_back(live, server_pair, freeze=False)
    told = [json.loads(line) for line in live.lines()]
    assert told[0]["kind"] == "initializing"
    moves = [(e["role"], e["data"]["kind"], e["data"]["was_down"]) for e in told if e["kind"] == "switched"]
    assert moves == [(Role.SECONDARY, "failover", 0), (Role.PRIMARY, "failback", 1)]
    secret = server_pair.primary.url.partition("@")[0].rpartition(":")[2]
    assert secret not in json.dumps(told)
