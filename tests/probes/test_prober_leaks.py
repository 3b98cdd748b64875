from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import asyncpg

from hotswap_tui.core.values import Fault
from hotswap_tui.demo.tcp_proxy import TcpProxy
from tests.probes.probing import open_sockets, probing
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.clusters import ServerPair
    from tests.support.listeners import SilentListener


async def test_a_thousand_checks_without_an_answer_leave_nothing(silent_listener: SilentListener) -> None:
    before = (open_sockets(), len(asyncio.all_tasks()))
    faults: list[Fault | None] = []

    async def probe(url: str) -> None:
        async with probing(url, timeout_s=0.005) as prober:
            faults.extend([(await prober.check(fresh=fresh)).fault for fresh in (False, True) for _ in range(10)])

    for mode in ("prefer", "disable"):
        await asyncio.gather(*(probe(f"{silent_listener.url}?sslmode={mode}") for _ in range(25)))
    assert len(faults) == 1000
    assert set(faults) == {Fault.TIMEOUT}
    await until(lambda: silent_listener.connections == 0)
    assert await until(lambda: (open_sockets(), len(asyncio.all_tasks())) == before)


async def test_queries_without_an_answer_leave_nothing(
    server_pair: ServerPair, make_proxy: Callable[..., Awaitable[TcpProxy]]
) -> None:
    proxy = await make_proxy(server_pair.primary)
    before = (open_sockets(), len(asyncio.all_tasks()))
    async with probing(proxy.url(server_pair.primary.url), timeout_s=0.5) as prober:
        for _ in range(5):
            assert (await prober.check(fresh=False)).passed
            await proxy.stall()
            assert (await prober.check(fresh=False)).fault is Fault.TIMEOUT
            await until(lambda: proxy.connections <= 1)
            await proxy.forward()
    assert await until(lambda: (open_sockets(), len(asyncio.all_tasks())) == before)


async def test_nothing_is_opened_before_the_first_check_nor_left_after_closing(server_pair: ServerPair) -> None:
    before = open_sockets()
    async with probing(server_pair.primary.url) as prober:
        assert open_sockets() == before
        assert (await prober.check(fresh=False)).passed
        assert open_sockets() == before + 1
    assert await until(lambda: open_sockets() == before)


class _LateEnd(TcpProxy):
    """Passes the server's last words on at once, and the end of the connection only when told to."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.end = asyncio.Event()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, delayed: bool) -> None:
        await super()._pump(source, sink, delayed=delayed)
        if delayed:
            await self.end.wait()


async def test_last_words_that_come_before_the_end_leave_no_error_behind(server_pair: ServerPair) -> None:
    """The driver fails on them with a future that nobody owns; asyncio would report its error on standard error."""
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context["message"]))
    server = server_pair.primary
    async with _LateEnd(server.port) as proxy, probing(proxy.url(server.url)) as prober:
        assert (await prober.check(fresh=True)).passed
        admin = await asyncpg.connect(server.superuser_url)
        query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'hotswap-tui'"
        assert await admin.fetchval(query)
        await admin.close()
        verdict = await prober.check(fresh=False)
        assert (verdict.fault, verdict.fresh) == (None, True)
        proxy.end.set()
    gc.collect()
    await asyncio.sleep(0)
    assert reported == []
