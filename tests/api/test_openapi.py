"""The OpenAPI document describes this API: its routes, what they answer, and what they refuse."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from pydantic import SecretStr
from schemathesis import GenerationMode

from hotswap_tui import __version__
from hotswap_tui.api import events
from hotswap_tui.api.access import OPEN, Access
from hotswap_tui.api.openapi import openapi_document
from hotswap_tui.api.public import ENDPOINTS, HISTORY_DEFAULT, HISTORY_MOST
from hotswap_tui.core.values import Fault, Health, Level, State, SwitchKind
from tests.support.public_api import LOCAL, ScriptedLocal, public

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from schemathesis import Case

    from tests.support.public_api import Served

T = TypeVar("T")

TOKEN = "correct-horse-battery"
EXAMPLES = 20


def test_it_describes_the_routes_and_no_others():
    document = openapi_document()
    assert list(document["paths"]) == list(ENDPOINTS)
    assert all(list(operations) == ["get"] for operations in document["paths"].values())
    assert document["info"]["version"] == __version__
    assert {path for path, item in document["paths"].items() if item["get"].get("security") == []} == OPEN


def test_its_words_are_those_of_the_program():
    schemas = openapi_document()["components"]["schemas"]

    def values(schema: str, name: str) -> list[str]:
        found = schemas[schema]["properties"][name]["enum"]
        return [value for value in found if value is not None]

    assert values("Status", "state") == [state.value for state in State]
    assert values("Database", "health") == [health.value for health in Health]
    assert values("Check", "fault") == [fault.value for fault in Fault]
    assert values("PastSwitch", "kind") == [kind.value for kind in SwitchKind]
    assert values("Event", "level") == [level.name.lower() for level in Level]


def test_its_limits_are_those_of_the_program():
    (limit,) = openapi_document()["paths"]["/api/history"]["get"]["parameters"]
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": HISTORY_MOST, "default": HISTORY_DEFAULT}


@contextmanager
def served_beside(access: Access) -> Iterator[Served]:
    """Serve from another thread: Hypothesis wants the main one for itself."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)

    context = public(ScriptedLocal(), access)
    try:
        yield run(context.__aenter__())
    finally:
        run(context.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.parametrize("path", list(ENDPOINTS))
@pytest.mark.parametrize("access", [LOCAL, Access(SecretStr(TOKEN), (), local=False)], ids=["loopback", "with a token"])
def test_schemathesis_finds_nothing(access, path, monkeypatch):
    """Whatever a client sends, the answer is one that is described, in the form that is described."""
    monkeypatch.setattr(events, "MOST_STREAMS", 0)
    with served_beside(access) as api:
        headers = {} if access.token is None else {"Authorization": f"Bearer {TOKEN}"}
        attack(path, f"http://127.0.0.1:{api.port}", headers)
        assert api.faults == []


def attack(path: str, base_url: str, headers: dict[str, str]) -> None:
    """Send what the document allows, and what it does not."""
    document = openapi_document()
    operation = schemathesis.openapi.from_dict(document)[path]["GET"]
    wrong = [GenerationMode.NEGATIVE] if document["paths"][path]["get"].get("parameters") else []
    for mode in (GenerationMode.POSITIVE, *wrong):
        strategy: Any = operation.as_strategy(generation_mode=mode)

        @seed(1)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(case=strategy)
        def examine(case: Case[Any]) -> None:
            # a load balancer's 503 is an answer, not a fault
            response = case.call(base_url=base_url, headers=headers, timeout=20)
            case.validate_response(response, excluded_checks=[schemathesis.checks.not_a_server_error])
            assert response.status_code != 500

        examine()
