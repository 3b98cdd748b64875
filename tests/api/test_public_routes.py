"""The public application as it answers over HTTP: what exists, what does not, and in which form."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, get_args

import pytest
from starlette.routing import Route

from hotswap_tui.api.public import ENDPOINTS, public_app
from hotswap_tui.core.events import Request
from hotswap_tui.core.values import Role
from hotswap_tui.engine.history_document import fields
from hotswap_tui.engine.journal_codec import PastSwitch
from hotswap_tui.engine.ports import JournalError, StepRecord
from tests.support.journal_entries import WALL_S, switch
from tests.support.openapi_schemas import check, check_component
from tests.support.pictures import NOBODY, ON_SECONDARY, down, snapshot
from tests.support.public_api import LOCAL, ScriptedLocal, public

if TYPE_CHECKING:
    from collections.abc import Sequence

METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "SWITCH")
PAST = [
    PastSwitch(switch(number), "crashed", (StepRecord(number, "hold", WALL_S, WALL_S + 0.0125),)) for number in (2, 1)
]


def test_the_routes_are_these_and_only_read():
    """Nothing on TCP acts: no other route, no other method, nothing mounted."""
    routes = public_app(ScriptedLocal().local, LOCAL).routes
    assert all(isinstance(route, Route) and route.methods == {"GET", "HEAD"} for route in routes)
    assert [route.path for route in routes if isinstance(route, Route)] == list(ENDPOINTS)
    words = {word for path in ENDPOINTS for word in path.strip("/").split("/")}
    acts = {request.__name__.removesuffix("Request").lower() for request in get_args(Request)}
    assert {"switch", "failback", "disarm"} <= acts
    assert not words & {*acts, "control", "request", "requests"}


@pytest.mark.parametrize("method", METHODS)
async def test_no_other_method_exists(method):
    client = ScriptedLocal()
    async with public(client) as api:
        answers = [await api.ask(path, method) for path in ENDPOINTS]
    assert {answer.status for answer in answers} == {405}
    assert {answer.headers["allow"] for answer in answers} <= {"GET, HEAD", "HEAD, GET"}
    assert all(answer.json()["error"] for answer in answers)
    assert client.requests == []


@pytest.mark.parametrize("path", [path for path in ENDPOINTS if path != "/api/events"])
async def test_head_answers_as_get_does_without_a_body(path):
    async with public(ScriptedLocal()) as api:
        get, head = await api.ask(path), await api.ask(path, "HEAD")
    assert (head.status, head.body) == (get.status, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("path", [*(path for path in ENDPOINTS if path != "/api/events"), "/nowhere"])
async def test_no_answer_is_stored_guessed_at_or_shared_with_other_sites(path):
    async with public(ScriptedLocal()) as api:
        headers = (await api.ask(path, headers=[("Origin", "https://elsewhere.example")])).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api", "/api/", "/api/health/", "/control", "/api/switch", "/%2e%2e/etc"]
)
async def test_what_does_not_exist_is_said_in_the_one_form(path):
    """No redirect either: it would be made of the Host header."""
    async with public(ScriptedLocal()) as api:
        answer = await api.ask(path)
    assert (answer.status, answer.json()) == (404, {"error": "there is nothing at this path"})


async def test_the_index_names_what_there_is():
    async with public(ScriptedLocal()) as api:
        told = (await api.ask("/")).json()
    check_component(told, "Index")
    assert told["endpoints"] == dict(ENDPOINTS)


@pytest.mark.parametrize(
    ("changes", "status", "serving"),
    [
        ({}, 200, {"/primary": 200, "/secondary": 503}),
        (ON_SECONDARY, 200, {"/primary": 503, "/secondary": 200}),
        ({**NOBODY, "secondary": down(Role.SECONDARY)}, 503, {"/primary": 503, "/secondary": 503}),
    ],
    ids=["on primary", "on secondary", "nobody"],
)
async def test_load_balancers_get_their_codes(changes, status, serving):
    async with public(ScriptedLocal(snapshot(**changes))) as api:
        assert (await api.ask("/api/health")).status == status
        for path, expected in serving.items():
            answer = await api.ask(path)
            assert (answer.status, answer.json()["serving"]) == (expected, expected == 200)
        assert (await api.ask("/healthz")).status == 200


async def test_status_is_one_printable_line():
    async with public(ScriptedLocal()) as api:
        answer = await api.ask("/api/status")
    check_component(answer.json(), "Status")
    assert answer.headers["content-type"] == "application/json"
    assert answer.body.isascii()
    assert answer.body.endswith(b"}\n")


async def test_history_has_the_objects_of_the_command():
    client = ScriptedLocal()
    client.past = PAST
    async with public(client) as api:
        told = (await api.ask("/api/history")).json()
        assert told == json.loads(json.dumps([fields(past) for past in PAST]))
        check(told, {"type": "array", "items": {"$ref": "#/components/schemas/PastSwitch"}})
        assert len((await api.ask("/api/history?limit=1")).json()) == 1
        _ = await api.ask("/api/history?limit=1000")
    assert client.limits == [20, 1, 1000]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1001",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=%C2%B2",
        "limit=1&limit=2",
        "limit=+1",
    ],
)
async def test_a_wrong_limit_is_refused(query):
    client = ScriptedLocal()
    async with public(client) as api:
        answer = await api.ask(f"/api/history?{query}")
    assert answer.status == 400
    check_component(answer.json(), "Error")
    assert client.limits == []


async def test_a_journal_that_cannot_be_read_is_said():
    client = ScriptedLocal()
    client.past = JournalError("/state/journal.db: the disk fails (I/O error)")
    async with public(client) as api:
        answer = await api.ask("/api/history")
    assert answer.status == 503
    assert answer.json() == {"error": "the journal cannot be read: /state/journal.db: the disk fails (I/O error)"}
    assert api.faults == []


async def test_a_bug_is_told_to_the_engine_and_not_to_the_asker():
    client = ScriptedLocal()
    client.past = [None]  # type: ignore[list-item]
    async with public(client) as api:
        answer = await api.ask("/api/history")
    assert (answer.status, answer.json()) == (500, {"error": "internal error; the engine's log says more"})
    assert answer.headers["content-type"] == "application/json"
    assert [fault.partition(":")[0] for fault in api.faults] == ["test"]
    assert "/api/history: AttributeError" in api.faults[0]


class _Crowded(ScriptedLocal):
    """Notes how many read the journal at the same time."""

    inside = most = 0

    async def history(self, limit: int) -> Sequence[PastSwitch]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0)
        self.inside -= 1
        return await super().history(limit)


async def test_a_crowd_that_reads_the_history_leaves_the_loop_to_the_engine(monkeypatch):
    """One at a time reads the journal, and the loop turns between any two switches that are composed."""
    turn, composed_in = 0, []

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    def composed(past: PastSwitch) -> dict[str, object]:
        composed_in.append(turn)
        return fields(past)

    monkeypatch.setattr("hotswap_tui.api.public.fields", composed)
    client = _Crowded()
    client.past = PAST * 10
    async with public(client) as api:
        counting = asyncio.create_task(count())
        answers = await asyncio.gather(*(api.ask("/api/history") for _ in range(8)))
        counting.cancel()
    assert [len(answer.json()) for answer in answers] == [20] * 8
    assert client.most == 1
    assert len(set(composed_in)) == len(composed_in) == 160
