"""A live failover, seen by plain HTTP: real servers, the real engine, the real uvicorn."""

from __future__ import annotations

import json
import re
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.parser import text_string_to_metric_families

from hotswap_tui.api.health import BOTH_DOWN as BOTH
from hotswap_tui.api.public import public_app
from hotswap_tui.config import load
from hotswap_tui.core.events import CheckRequest
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.engine.local import LocalClient
from tests.support.openapi_schemas import check, check_component
from tests.support.public_api import LOCAL, Served, served
from tests.support.reference_documents import AFTER_FAILOVER, BOTH_DOWN, ON_PRIMARY, WITHOUT_HOT_SWAP
from tests.support.until import until

QUICK = {
    "DB_HEALTH_CHECK_INTERVAL": "200",
    "DB_FAILURE_RETRY_INTERVAL": "100",
    "DB_CONNECTION_TIMEOUT": "5000",
    "DB_PRIMARY_RETRY_INTERVAL": "3600000",
}


@dataclass(frozen=True)
class Watched(Served):
    """The API, and the engine behind it."""

    client: LocalClient


@asynccontextmanager
async def watched(directory, primary, secondary=None):
    """Serve the public API of an engine over real servers."""
    environ = QUICK | {"DATABASE_URL": primary.url, "HOTSWAP_STATE_DIR": str(directory)}
    if secondary is not None:
        environ["DATABASE_URL_SECONDARY"] = secondary.url
    engine = assemble(load({}, environ, (), directory, None), lambda _event: None)
    client = LocalClient(engine)
    async with engine, served(public_app(client, LOCAL)) as api:
        yield Watched(api.port, api.faults, client)
        assert api.faults == []


async def _is(api, path, status):
    return (await api.ask(path)).status == status


async def health(api, status=200):
    """Return the document as the reference prints it, its moments put back to the reference's, and the document itself."""
    answer = await api.ask("/api/health")
    assert answer.status == status
    told = answer.json()
    age_s = time.time() - datetime.fromisoformat(told["timestamp"]).timestamp()
    assert abs(age_s) < 60
    text = json.dumps(told, indent=2)
    text = re.sub(r'("timestamp": )"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', r'\1"2025-11-14T10:30:00.000Z"', text)
    text = re.sub(r'("lastFailover": )"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', r'\1"2025-11-14T10:25:00.000Z"', text)
    text = re.sub(r'("uptimeSinceFailover": )"\d{1,2}s"', r'\1"300s"', text)
    return re.sub(r'("failureCount": )[1-9]\d*', r"\g<1>5", text), told


async def test_without_a_secondary(server_pair, tmp_path):
    async with watched(tmp_path, server_pair.primary) as api:
        await until(lambda: _is(api, "/primary", 200))
        text, _ = await health(api)
        assert text == WITHOUT_HOT_SWAP
        assert (await api.ask("/secondary")).status == 503


async def test_a_failover_as_monitors_see_it(server_pair, tmp_path):
    """The reference's documents one after the other, and every other endpoint beside them."""
    async with watched(tmp_path, *server_pair) as api:
        await until(lambda: _ready(api), what="both databases checked")
        assert (await health(api))[0] == ON_PRIMARY
        async with await api.stream("/api/events?last_event_id=0") as stream:
            kinds = [(await stream.message()).event["kind"]]
            server_pair.primary.crash()
            await until(lambda: _is(api, "/secondary", 200), what="the failover")
            while kinds[-1] != "switched":
                kinds.append((await stream.message()).event["kind"])
        assert kinds[0] == "started"
        assert {"connected", "check_failed", "threshold", "switching"} <= set(kinds)
        assert (await api.ask("/primary")).status == 503
        assert (await health(api))[0] == AFTER_FAILOVER.replace('true,\n    "failureCount', 'false,\n    "failureCount')
        await _check_the_rest(api)

        server_pair.primary.start()
        await api.client.request(CheckRequest("tester"))
        await until(lambda: _ready(api), what="the primary's return")
        text, told = await health(api)
        assert text == AFTER_FAILOVER
        failed_over = told["hotSwap"]["lastFailover"]

        server_pair.primary.crash()
        server_pair.secondary.crash()
        await until(lambda: _is(api, "/api/health", 503), what="both down")
        await until(lambda: _is_both_down(api), what="both known to be down")
        assert (await health(api, 503))[0] == BOTH_DOWN.replace('"primary",', '"secondary",')
        assert (await api.ask("/healthz")).status == 200, "the engine itself is well"

        server_pair.secondary.start()
        await until(lambda: _is(api, "/secondary", 200), what="the secondary's return")
        _, told = await health(api)
        assert told["hotSwap"]["lastFailover"] > failed_over, "an outage of the secondary begins it anew"


async def _is_both_down(api):
    return (await api.ask("/api/health")).json().get("error") == BOTH


async def _ready(api):
    told = (await api.ask("/api/health")).json()
    return told["status"] == "healthy" and told["hotSwap"]["failoverAvailable"]


async def _check_the_rest(api):
    status = (await api.ask("/api/status")).json()
    check_component(status, "Status")
    assert (status["state"], status["last_switch"]["result"]) == ("SECONDARY", "done")
    past = (await api.ask("/api/history")).json()
    check(past, {"type": "array", "items": {"$ref": "#/components/schemas/PastSwitch"}})
    assert [(one["kind"], one["was_down"]) for one in past] == [("failover", "primary")]
    families = text_string_to_metric_families((await api.ask("/metrics")).body.decode())
    samples = {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}
    assert samples["hotswap_switches_total", "failover", "done"] == 1
    assert samples["hotswap_database_active", "secondary"] == 1
