from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.values import Fault
from hotswap_tui.probes.resolve import Resolver
from tests.probes.probing import probing, url_to
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def hanging_lookup(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Make lookups hang, as with a name server that is gone; give the names that were asked for."""
    asked: list[str] = []
    end = threading.Event()

    def look_up(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        end.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield asked
    end.set()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "fe80::1%eth0"])
async def test_an_address_is_its_own(address: str) -> None:
    assert await Resolver().addresses(address) == [address]


async def test_localhost_is_found() -> None:
    assert set(await Resolver().addresses("localhost")) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("host", ["x" * 64 + ".invalid", "a..b"])
async def test_what_cannot_be_a_name_is_not_found(host: str) -> None:
    async with probing(url_to(5432, host=host)) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.fault is Fault.RESOLVER
    assert host in verdict.detail


async def test_an_unknown_name_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    async with probing(url_to(5432, host="nonexistent.invalid")) as prober:
        verdict = await prober.check(fresh=False)
    assert verdict.fault is Fault.RESOLVER
    assert verdict.detail == "Name or service not known: nonexistent.invalid"


async def test_a_hanging_lookup_is_a_timeout_and_is_not_started_twice(hanging_lookup: list[str]) -> None:
    async with probing(url_to(5432, host="slow.invalid"), timeout_s=0.1) as prober:
        for _ in range(5):
            verdict = await prober.check(fresh=True)
            assert verdict.fault is Fault.TIMEOUT
    assert hanging_lookup == ["slow.invalid"]


async def test_hanging_lookups_do_not_keep_others_from_their_turn(hanging_lookup: list[str]) -> None:
    resolver = Resolver()
    waiting = [asyncio.ensure_future(resolver.addresses(f"{n}.invalid")) for n in range(40)]
    await until(lambda: len(hanging_lookup) == 40)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
