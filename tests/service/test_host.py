"""What stands around an engine: who can be asked, what happens when a port is taken, and what changes with the settings."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from hotswap_tui.config import load
from hotswap_tui.core.errors import RefusedError
from hotswap_tui.core.events import DisarmRequest
from hotswap_tui.core.values import State
from hotswap_tui.demo.ports import reserve_port
from hotswap_tui.engine.assembly import assemble
from hotswap_tui.service.host import hosting
from hotswap_tui.service.lasting import LastingClient
from hotswap_tui.service.listening import ListenError
from tests.support.until import until


@pytest.fixture
def read(tmp_path, server_pair):
    def read(**given):
        environ = {
            "DATABASE_URL": server_pair.primary.url,
            "DATABASE_URL_SECONDARY": server_pair.secondary.url,
            "HOTSWAP_STATE_DIR": str(tmp_path / "state"),
            "HOTSWAP_LISTEN": "off",
            **given,
        }
        return load({}, environ, [], Path("/nonexistent"), None)

    return read


@pytest.fixture
def port():
    with reserve_port() as reserved:
        yield reserved.getsockname()[1]


async def ask(port, path="/api/status", **headers):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": f"127.0.0.1:{port}", **headers}.items())
    writer.write(f"GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body else None


async def test_a_taken_port_is_told_and_the_control_socket_stands_all_the_same(read, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taker:
        loaded = read(HOTSWAP_LISTEN=f"127.0.0.1:{taker.getsockname()[1]}")
        async with assemble(loaded, lambda _event: None) as engine:
            client = LastingClient(engine)
            async with hosting(client, loaded, client.tell, environ={}):
                assert "is taken" in client.events()[-1].text
                assert (tmp_path / "state/control/control.sock").is_socket()
            with pytest.raises(ListenError, match="is taken"):
                async with hosting(client, loaded, client.tell, strict=True, environ={}):
                    pass
    assert not (tmp_path / "state/control/control.sock").exists()


async def test_a_token_an_address_and_their_end_are_taken_from_other_settings(read, port):
    loaded = read(HOTSWAP_LISTEN=f"127.0.0.1:{port}")
    async with assemble(loaded, lambda _event: None) as engine:
        client = LastingClient(engine)
        async with hosting(client, loaded, client.tell, strict=True, environ={}) as host:
            assert (await ask(port))[0] == 200
            await host.adopt(read(HOTSWAP_LISTEN=f"127.0.0.1:{port}", HOTSWAP_TOKEN="0123456789abcdef"))
            assert (await ask(port))[0] == 401
            assert (await ask(port, Authorization="Bearer 0123456789abcdef"))[0] == 200
            with reserve_port() as reserved:
                other = reserved.getsockname()[1]
                await host.adopt(read(HOTSWAP_LISTEN=f"127.0.0.1:{other}"))
                assert (await ask(other))[0] == 200
            with pytest.raises(ConnectionRefusedError):
                await ask(port)
            await host.adopt(read())
            with pytest.raises(ConnectionRefusedError):
                await ask(other)


async def test_a_client_lasts_from_one_engine_to_the_next(read):
    loaded, heard = read(), []
    async with assemble(loaded, lambda _event: None) as first:
        client = LastingClient(first)
        unsubscribe = client.subscribe(lambda: heard.append(client.snapshot().state))
        await until(lambda: client.snapshot().state is State.PRIMARY)
        before = client.events()[-1].id
        client.rest()
    with pytest.raises(RefusedError, match="ask again"):
        await client.request(DisarmRequest("pi@tty1"))
    async with assemble(loaded, lambda _event: None) as second:
        client.succeed(second)
        heard.clear()
        await until(lambda: second.snapshot().state is State.PRIMARY)
        await client.request(DisarmRequest("pi@tty1"))
        assert State.STARTING not in heard
        assert not client.snapshot().mode.armed
        assert client.events()[-1].id > before
        unsubscribe()
