"""uvicorn as a guest in this program: quiet, bounded, and gone within a second."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from email.utils import parsedate_to_datetime

import pytest

from hotswap_tui.api import connection
from hotswap_tui.api.serving import serving
from tests.support.public_api import Exchange, served
from tests.support.until import until

ENDS_WITHIN_S = 5.0
"""A second, on a machine that is busy with other tests."""


async def hello(scope, receive, send):
    """Answer, fail or hang, as the path says."""
    if scope["path"] == "/bug":
        raise ZeroDivisionError("bug\nwith lines")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    if scope["path"] == "/late-bug":
        raise ZeroDivisionError("late")
    if scope["path"] == "/endless":
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await asyncio.Event().wait()
    if scope["path"] == "/flood":
        while True:
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_it_answers_with_a_date_and_without_its_name():
    async with served(hello) as server:
        answer = await server.ask("/")
    assert (answer.status, answer.body) == (200, b"hello")
    assert abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()) < 60
    assert "server" not in answer.headers


async def test_a_fault_is_one_line_and_a_500(capfd, caplog):
    async with served(hello) as server:
        answer = await server.ask("/bug")
        assert (answer.status, answer.json()) == (500, {"error": "internal error"})
        assert (await server.ask("/bug")).status == 500, "told once is enough"
        assert (await server.ask("/")).status == 200
        with pytest.raises(ConnectionError):
            await server.ask("/late-bug")
        assert server.faults == [
            "test: GET /bug: ZeroDivisionError: bug with lines",
            "test: GET /late-bug: ZeroDivisionError: late",
        ]
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


async def test_what_is_no_http_is_refused_in_silence(capfd):
    async with served(hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"\x16\x03\x01 not http\r\n\r\n")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.endswith(b'{"error": "Invalid HTTP request received."}\n')
        writer.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("path", ["/", "/endless", "/bug", "/late-bug"])
@pytest.mark.parametrize(
    "rest", [b"zz\r\n", b"5\r\nhello\r\nxx\r\n", b"0\r\nno header\r\n\r\n", b"0\r\n\r\nGET ?\x00\r\n\r\n"]
)
async def test_a_body_that_breaks_off_after_the_answer_has_begun_is_no_fault(path, rest, capfd):
    """uvicorn answers such a client a second time, which is an exception of its own."""
    async with served(hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % path.encode())
        assert (await reader.read(100)).startswith(b"HTTP/1.1 ")
        writer.write(rest)
        if path == "/endless":
            writer.write_eof()
        else:
            assert await _drained(reader)
        writer.close()
        assert (await server.ask("/")).status == 200
    assert capfd.readouterr() == ("", "")


async def test_a_request_that_becomes_garbage_before_it_is_answered_is_no_fault():
    async with served(hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
        assert (await server.ask("/")).status == 200
        assert server.faults == []


async def test_a_request_line_without_end_is_cut():
    async with served(hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /" + b"x" * 100_000)
        assert b" 400 " in await reader.read()
        writer.close()


async def test_it_ends_at_once_although_an_answer_does_not():
    async with served(hello) as server:
        exchange = await Exchange.open(server.port)
        exchange.send("/endless", "GET", [])
        _ = await exchange.event()
        begun_s = time.monotonic()
    assert time.monotonic() - begun_s < ENDS_WITHIN_S
    await exchange.close()
    with pytest.raises(ConnectionRefusedError):
        _ = await Exchange.open(server.port)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left behind"


async def test_streams_are_told_of_the_end():
    async def streaming(scope, receive, send):
        ended = asyncio.Event()
        forget = scope["state"]["ending"].subscribe(ended.set)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await ended.wait()
        forget()
        await send({"type": "http.response.body", "body": b", ended"})

    async with served(streaming) as server:
        exchange = await Exchange.open(server.port)
        exchange.send("/", "GET", [])
        asking = asyncio.create_task(exchange.answer())
        await until(lambda: exchange.begun)
    assert (await asking).body == b"begun, ended"
    await exchange.close()


async def test_connections_are_counted(monkeypatch):
    """Descriptors are the engine's, too: the checks need some."""
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 3)
    async with served(hello) as server:
        held = [await Exchange.open(server.port) for _ in range(3)]
        for exchange in held:
            exchange.send("/", "GET", [])
            assert (await exchange.answer()).status == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await _ended(reader)
        writer.close()
        await held[0].close()
        assert await until(lambda: _answers(server))
        for exchange in held[1:]:
            await exchange.close()


async def _ended(reader):
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


async def _answers(server):
    try:
        return (await server.ask("/")).status == 200
    except ConnectionError:
        return False


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: local",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf",
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_request_that_dawdles_is_cut_off(monkeypatch, sent):
    monkeypatch.setattr(connection, "REQUEST_S", 0.05)
    async with served(hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(sent)
        async with asyncio.timeout(20):
            assert await _drained(reader)
        writer.close()


async def test_the_second_request_of_a_connection_may_not_dawdle_either(monkeypatch):
    async with served(hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200")
        monkeypatch.setattr(connection, "REQUEST_S", 0.05)
        writer.write(b"GET / HT")
        async with asyncio.timeout(ENDS_WITHIN_S):
            assert await _drained(reader)
        writer.close()


async def _drained(reader):
    try:
        return await reader.read() is not None
    except ConnectionResetError:
        return True


async def test_who_does_not_read_is_cut_off(monkeypatch):
    monkeypatch.setattr(connection, "READ_S", 0.05)
    async with served(hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        writer.write(b"GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await until(lambda: not _streaming(), what="the end of the answer")
        writer.transport.abort()
        assert not reader.at_eof()
        assert server.faults == []


def _streaming():
    return any("run_asgi" in repr(task.get_coro()) for task in asyncio.all_tasks())


async def test_it_serves_a_unix_socket_and_leaves_signals_alone(tmp_path):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.bind(str(tmp_path / "socket"))
        sock.listen()
        mode = (tmp_path / "socket").stat().st_mode
        async with serving(hello, sock, name="control"):
            assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
            assert (tmp_path / "socket").stat().st_mode == mode, "who may connect is not uvicorn's to say"
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "socket"))
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"hello\r\n0\r\n\r\n")
            writer.close()


async def test_loggers_of_others_stay_as_they_are():
    level = logging.getLogger().level
    async with served(hello) as server:
        _ = await server.ask("/")
    assert logging.getLogger().level == level


def test_the_command_line_of_uvicorn_is_not_imported():
    """It takes 5 MB; who wants it gets it nevertheless."""
    program = (
        "import sys; import hotswap_tui.api.public, hotswap_tui.api.serving\n"
        "print(sorted({'click', 'prometheus_client', 'websockets', 'textual', 'psycopg'} & set(sys.modules)))\n"
        "import uvicorn; print(uvicorn.run.__module__, uvicorn.Config.__module__)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (found.stdout.splitlines(), found.stderr) == (["[]", "uvicorn.main uvicorn.config"], "")
