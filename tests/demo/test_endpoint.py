"""The demo's PgBouncer serves, comes back after a kill, follows whoever changes its file, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.demo import endpoint as endpoint_module
from hotswap_tui.demo import stage as stage_module
from hotswap_tui.demo.client_load import ClientLoad
from hotswap_tui.demo.endpoint import Endpoint
from hotswap_tui.demo.installation import ServerError
from hotswap_tui.demo.stage import Stage
from hotswap_tui.routing.layout import GatewayError
from tests.support.until import until

SOON_S = 15.0


@pytest.fixture
async def endpoint(make_server):
    servers = {role: make_server(role.value) for role in Role}
    # The servers' place: open to PgBouncer's user, its path short enough for a socket.
    base = servers[Role.PRIMARY].directory.parent
    endpoint = Endpoint({role: server.url for role, server in servers.items()}, base)
    await asyncio.to_thread(endpoint.start)
    yield endpoint
    await asyncio.to_thread(endpoint.remove)
    assert not endpoint.directory.exists()
    assert endpoint.pid is None


async def test_the_demo_s_clients_go_through_pgbouncer(endpoint):
    async with ClientLoad(endpoint.url, endpoint.directory) as clients:
        assert endpoint.url.get_secret_value() not in _arguments(endpoint.directory)
        await until(lambda: clients.servers == ("primary",), SOON_S, "served by the primary")
        assert await asyncio.to_thread(endpoint.divert, Role.SECONDARY)
        await until(lambda: clients.servers == ("secondary",), SOON_S, "diverted")
        before = endpoint.pid
        assert await asyncio.to_thread(endpoint.kill)
        await until(lambda: endpoint.pid not in {None, before}, SOON_S, "gateway run brings it back")
        await until(lambda: clients.total.errors > 0, SOON_S, "clients have noticed")
        await until(lambda: clients.recent.errors == 0 and clients.servers, SOON_S, "clients are served again")
        clients.pause(paused=True)
        await until(lambda: clients.servers == (), SOON_S, "clients rest")
        clients.pause(paused=False)
        await until(lambda: clients.servers == ("secondary",), SOON_S, "clients go on")
        await clients.lap()
        lap = await clients.lap()
        assert (lap.errors, lap.servers) == (0, ("secondary",))
        assert 0 < lap.successes < clients.total.successes
    assert not clients.alive


def _arguments(directory):
    """Return the arguments of every process that works in `directory`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == directory:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    assert len(found) == 3  # gateway run, PgBouncer, the clients
    return "".join(found)


async def test_without_pgbouncer_the_demo_has_no_gateway_and_says_so(monkeypatch, make_server):
    def refuse():
        raise GatewayError("PgBouncer is not installed")

    servers = {role.value: make_server(role.value, start=False) for role in Role}
    for server in servers.values():
        monkeypatch.setattr(server, "create", lambda: None)  # copies of what was created already
    monkeypatch.setattr(stage_module, "Server", lambda name, **_: servers[name])
    monkeypatch.setattr(endpoint_module, "find_pgbouncer", refuse)
    async with Stage({}) as stage:
        assert (stage.endpoint, stage.clients, stage.loaded.gateway) == (None, None, None)
        assert stage.loaded.warnings[-1].endswith("nothing is moved: PgBouncer is not installed")


def test_what_could_not_be_set_up_leaves_nothing_behind(tmp_path):
    with pytest.raises(GatewayError):
        Endpoint(dict.fromkeys(Role, "postgresql://u:p@one,two/d"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_start_that_nobody_awaits_any_more_leaves_nothing_behind(make_server):
    """Ctrl-C during the start cancels who awaits it; the thread in which it runs goes on."""
    server = make_server(start=False)
    endpoint = Endpoint(dict.fromkeys(Role, server.url), server.directory.parent)

    def start() -> None:
        with suppress(ServerError):
            endpoint.start()

    starting = threading.Thread(target=start)
    starting.start()
    endpoint.remove()
    starting.join()
    assert not endpoint.directory.exists()
    assert endpoint.pid is None
    with pytest.raises(ServerError, match="the demo has ended"):
        endpoint.start()
