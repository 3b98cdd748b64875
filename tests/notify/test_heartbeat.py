"""The sign of life: sent while all is well, withheld when it is not, and never in the way."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault, Level, Tell
from hotswap_tui.demo.ports import LOOPBACK
from hotswap_tui.notify import heartbeat
from hotswap_tui.notify.heartbeat import Heartbeat, all_is_well
from tests.engine.engine_world import World
from tests.support.until import until


@asynccontextmanager
async def beating(url: str, *, well: SimpleNamespace | None = None):
    told: list[Tell] = []
    state = well or SimpleNamespace(well=True)
    async with Heartbeat(SecretStr(url), 0.02, lambda: state.well, told.append):
        yield told


@pytest.fixture
def hasty(monkeypatch):
    """The second try comes soon."""
    monkeypatch.setattr(heartbeat, "AGAIN_S", 0.01)


async def test_it_asks_again_and_again_while_all_is_well(receiver):
    well = SimpleNamespace(well=True)
    async with beating(f"http://{receiver.place}/ok/secret?x=1", well=well) as told:
        await until(lambda: len(receiver.requests) >= 3)
        well.well = False
        seen = len(receiver.requests)
        await until(lambda: len(receiver.requests) <= seen + 1)
    method, path, headers = receiver.requests[0]
    assert (method, path, headers["Host"]) == ("GET", "/ok/secret?x=1", receiver.place)
    assert headers["User-Agent"].startswith("hotswap-tui/")
    assert told == []


async def test_nothing_is_sent_while_something_is_wrong(receiver):
    well = SimpleNamespace(well=False)
    async with beating(f"http://{receiver.place}/ok", well=well):
        async with beating(f"http://{receiver.place}/other"):
            await until(lambda: len(receiver.requests) >= 3)
        assert {path for _, path, _ in receiver.requests} == {"/other"}


async def test_one_failure_is_tried_again_and_no_news(receiver, hasty):
    async with beating(f"http://{receiver.place}/flaky") as told:
        await until(lambda: len(receiver.requests) >= 3)
    assert told == []


@pytest.mark.parametrize(
    ("path", "why"),
    [("/500/secret", "it answered 500"), ("/hang/secret", "timeout")],
)
async def test_failures_are_told_once_without_the_path(receiver, hasty, monkeypatch, path, why):
    monkeypatch.setattr(heartbeat, "TIMEOUT_S", 0.05)
    async with beating(f"http://{receiver.place}{path}") as told:
        await until(lambda: len(receiver.requests) >= 5)
    (said,) = told
    assert said.level is Level.WARNING
    assert said.text == f"heartbeat to http://{receiver.place} failed: {why}; an alarm there is false"


async def test_nobody_listens_then_somebody_does(receiver, hasty, monkeypatch):
    async with beating(f"http://{LOOPBACK}:1/secret") as told:
        await until(lambda: told)
        assert "failed: connect" in told[0].text or "refused" in told[0].text
    monkeypatch.setattr(Heartbeat, "_ask", _answers("timeout", "timeout", ""))
    async with beating("http://pi/") as told:
        await until(lambda: len(told) == 2)
    assert told[1].text == "heartbeat to http://pi arrives again"


def _answers(*given: str):
    left = list(given)

    async def ask(_self):
        return left.pop(0) if left else ""

    return ask


async def test_something_that_does_not_speak_http_or_tls(receiver, hasty, silent_listener, monkeypatch):
    monkeypatch.setattr(heartbeat, "TIMEOUT_S", 0.05)
    async with beating(f"http://{LOOPBACK}:{silent_listener.port}/") as told:
        await until(lambda: told)
        assert ": timeout;" in told[0].text
    monkeypatch.setattr(heartbeat, "TIMEOUT_S", 5.0)
    async with beating(f"https://{receiver.place}/") as told:
        await until(lambda: told)
        assert ": tls failure;" in told[0].text.lower()


async def test_certificates_are_verified():
    beat = Heartbeat(SecretStr("https://127.0.0.1:1/"), 1.0, lambda: True, lambda _tell: None)
    await beat._ask()
    assert beat._context is not None
    assert (beat._context.verify_mode, beat._context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_our_own_mistake_is_told():
    told: list[Tell] = []
    async with Heartbeat(SecretStr("http://pi/"), 1.0, lambda: 1 / 0 == 0, told.append):
        await until(lambda: told)
    assert told[0].text == "the heartbeat has stopped: ZeroDivisionError: division by zero"


def test_all_is_well_while_a_database_serves_and_checks_are_on_time():
    world = World(policy=Policy(check_interval_s=10.0)).start()
    now = world.now
    assert all_is_well(now)
    assert not all_is_well(replace(now, now_s=now.primary.next_check_s + 30))
    assert not all_is_well(replace(now, router=replace(now.router, error="console: connection refused")))
    assert all_is_well(replace(now, router=replace(now.router, error="console: password authentication failed")))
    assert not all_is_well(replace(now, router=replace(now.router, paused=True)))
    world.primary.fault = Fault.REFUSED
    world.go(100)
    assert all_is_well(world.now), "the secondary serves"
    world.secondary.fault = Fault.REFUSED
    world.go(100)
    assert not all_is_well(world.now)
    world.close()
