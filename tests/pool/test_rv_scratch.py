import asyncio, os, resource, time, gc
from contextlib import asynccontextmanager
import psycopg, pytest
from hotswap_tui.core.values import Role, State
from hotswap_tui.dsn import parse
from hotswap_tui.pool import HotSwapPool, GivenUpError, NoDatabaseError
from hotswap_tui.pool.sources import Source
from hotswap_tui.pool.sockets import cut
from tests.pool.workers import beat
from tests.pool.test_scripted_pool import *
from tests.support.until import until

for _n in [n for n in dir() if n.startswith("test_")]: del globals()[_n]

async def test_rv_emfile(pair):
    c = await psycopg.AsyncConnection.connect(pair.primary.url, autocommit=True)
    asking = asyncio.create_task(c.execute("SELECT pg_sleep(3)"))
    await until(c.lock.locked)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        cut(c)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    t=time.monotonic()
    r = await asyncio.gather(asking, return_exceptions=True)
    print("EMFILE:", time.monotonic()-t, r)
    await c.close()
    assert 0

async def test_rv_reboot(pair, engine, make_proxy):
    """old connections are black-holed, new logins work"""
    proxy = await make_proxy(pair.primary)
    dsn = parse(pair.primary.url.replace(f":{pair.primary.port}", f":{proxy.port}"))
    @asynccontextmanager
    async def follow(_lost):
        yield engine
    made = HotSwapPool._over(Source({Role.PRIMARY: dsn}, 5.0, follow), LONG_S, {"min_size": 2, "max_size": 2, "timeout": 3.0})
    async with made as pool:
        await pool.wait_for("primary")
        await beat(pool)
        await until(lambda: pool.get_stats()["pool_available"] == 2)
        proxy.stall()
        engine.change(state=State.SUSPECT)
        r = await asyncio.gather(*(pool.connection(timeout=0.3).__aenter__() for _ in range(3)), return_exceptions=True)
        print([type(x).__name__ for x in r])
        proxy.only_new()
        engine.change(**ON_PRIMARY)
        t=time.monotonic()
        try: print(await beat(pool))
        except Exception as e: print("REBOOT", type(e).__name__, e)
        print(time.monotonic()-t, pool.get_stats())
    assert 0
