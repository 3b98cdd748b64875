"""`hotswap-tui status` over a real engine, and without one."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from hotswap_tui.api.errors import NoEngineError, NotAllowedError
from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.engine_options import UnreachableError, reach
from hotswap_tui.core.events import ArmRequest, DisarmRequest, SwitchRequest
from hotswap_tui.core.values import Health, Role
from hotswap_tui.engine.journal_store import Store
from hotswap_tui.engine.local import LocalClient
from hotswap_tui.engine.ports import Entry, Memory, ModeMemory
from tests.support.controlled import command, controlled, started
from tests.support.journal_entries import event
from tests.support.pty_program import PtyProgram
from tests.support.until import until

WALL_S = 1_760_000_000.0


@pytest.fixture
def both(server_pair):
    return {"DATABASE_URL": server_pair.primary.url, "DATABASE_URL_SECONDARY": server_pair.secondary.url}


async def test_each_state_has_its_exit_code_and_its_words(server_pair, both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        well = await engine.command("status")
        assert (well.code, well.err) == (exit_codes.OK, "")
        assert well.out.startswith("PRIMARY serving 00:00:0")
        assert f"▶ primary    127.0.0.1:{server_pair.primary.port}" in well.out

        client = LocalClient(engine.engine)
        await client.request(SwitchRequest("pi@tty1", Role.SECONDARY, client.snapshot().version))
        on_secondary = await engine.command("status")
        assert on_secondary.code == exit_codes.DEGRADED
        assert on_secondary.out.startswith("SECONDARY chosen 00:00:0")
        assert "manual by pi@tty1 primary → secondary at " in on_secondary.out

        server_pair.primary.crash()
        server_pair.secondary.crash()
        await until(lambda: not client.snapshot().serving, what="both down")
        nobody = await engine.command("status")
        assert nobody.code == exit_codes.NOT_SERVING
        assert nobody.out.startswith("NO DATABASE serving since ")
        assert "✗ DOWN" in nobody.out


async def test_it_waits_for_no_screen_and_no_server(both, tmp_path):
    """Also with an engine to ask and a picture to print; so it starts in a fifth of a second."""
    async with controlled(tmp_path, both) as engine:
        for arguments in (("status",), ("switch", "--to", "secondary", "--yes")):
            told = await engine.modules_after(*arguments)
            assert not {"asyncpg", "psycopg", "pydantic", "rich", "starlette", "textual", "uvicorn"} & told


async def test_json_is_the_document_of_the_api(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        told = await engine.command("status", "--json")
        document = json.loads(told.out)
        assert told.code == exit_codes.OK
        assert (document["active"], document["serving"]) == ("primary", True)
        assert document["secondary"]["health"] == Health.UP


async def test_a_reader_that_has_seen_enough_is_no_failure(both, tmp_path):
    """`status --watch | head -1`: the command ends with the next line, without a word."""
    ours, theirs = os.pipe()
    async with controlled(tmp_path, both) as engine:
        process = await started("status", "--watch", "--state-dir", str(engine.state_dir), stdout=theirs)
        os.close(theirs)
        with open(ours) as head:  # noqa: ASYNC230, PTH123 - a descriptor, read in a thread
            assert "PRIMARY serving" in await asyncio.to_thread(head.readline)
        await LocalClient(engine.engine).request(DisarmRequest("pi"))
        assert await asyncio.wait_for(process.wait(), 30) == exit_codes.OK
        assert process.stderr is not None
        assert await process.stderr.read() == b""


async def test_watching_into_a_pipe_says_each_change_in_a_line_and_ends_with_the_last_code(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        client = LocalClient(engine.engine)
        process = await started("status", "--watch", "--state-dir", str(engine.state_dir))
        assert process.stdout is not None
        assert b"PRIMARY serving" in await asyncio.wait_for(process.stdout.readline(), 30)
        await client.request(DisarmRequest("pi@tty1", "upgrade"))
        assert b"automatic switching is OFF (pi@tty1" in await asyncio.wait_for(process.stdout.readline(), 30)
        await client.request(ArmRequest("pi@tty1"))
        assert b"OFF" not in await asyncio.wait_for(process.stdout.readline(), 30)
        process.send_signal(2)
        assert await asyncio.wait_for(process.wait(), 30) == exit_codes.OK


async def test_watching_goes_on_while_the_engine_is_away(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        process = await started("status", "--watch", "--state-dir", str(engine.state_dir))
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 30)
    assert b"NO ENGINE answers: " in await asyncio.wait_for(process.stdout.readline(), 30)
    async with controlled(tmp_path, both):
        assert b"serving" in await _last_line(process.stdout, b"serving")
        process.send_signal(2)
        assert await asyncio.wait_for(process.wait(), 30) == exit_codes.OK


async def test_watching_on_a_terminal_redraws_the_screen(both, tmp_path):
    """Never more columns than there are: a broken line would shift all that follow."""
    arguments = ["hotswap_tui/__main__.py", "status", "--watch", "--state-dir", str(tmp_path)]
    async with controlled(tmp_path, both) as engine:
        with PtyProgram(arguments, size=(40, 12)) as program:
            await asyncio.to_thread(program.read_until, b"engine ")
            await LocalClient(engine.engine).request(DisarmRequest("pi@tty1"))
            await asyncio.to_thread(program.read_until, b"hotswap-tui arm")
            program.press(b"\x03")
            assert await asyncio.to_thread(program.wait) == exit_codes.DEGRADED
    screens = program.output.decode().split("\x1b[H")
    assert len(screens) > 2
    assert max(len(line.replace("\x1b[K", "")) for line in screens[1].splitlines()[:-1]) <= 40


async def _last_line(stream: asyncio.StreamReader, wanted: bytes) -> bytes:
    while wanted not in (line := await asyncio.wait_for(stream.readline(), 30)):
        assert line
    return line


async def test_without_an_engine_it_is_unknown_and_the_past_is_called_the_past(tmp_path):
    store = Store(tmp_path, time.time, lambda _: None)
    off = ModeMemory(armed=False, by="pi@tty1\x1b[2J", since_wall_s=WALL_S, why="upgrade")
    store.write(Entry((event(7, text="engine stopped"),), Memory(Role.SECONDARY, WALL_S, "pair", off)))
    store.close()
    told = await command("status", "--state-dir", str(tmp_path))
    assert told.code == exit_codes.UNKNOWN
    assert told.err.startswith(
        f"hotswap-tui status: no engine answers at {tmp_path}/control/control.sock (nobody listens there)"
    )
    assert "`hotswap-tui serve`" in told.err
    assert told.out.startswith("THE PAST, not the present: SECONDARY served from 2025-10-09 08:53:20 on\n")
    assert "  automatic switching was off by pi@tty1: upgrade\n" in told.out
    assert ": engine stopped\n" in told.out


async def test_without_an_engine_json_says_why(tmp_path):
    told = await command("status", "--json", "--state-dir", str(tmp_path))
    assert (told.code, told.err) == (exit_codes.UNKNOWN, "")
    assert "nobody listens there" in json.loads(told.out)["error"]


async def test_an_engine_that_hangs_up_is_none(tmp_path):
    """Whatever answers at the socket: a sentence and the exit code, never a traceback."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        asked = asyncio.ensure_future(command("status", "--socket", str(path)))
        await asyncio.to_thread(_hang_up, listener)
        told = await asked
    assert (told.code, told.out) == (exit_codes.UNKNOWN, "")
    assert told.err == (
        f"hotswap-tui status: no engine answers at {path} (connection closed); start one with `hotswap-tui serve`, "
        "or see `hotswap-tui service status`\n"
    )


def _hang_up(listener: socket.socket) -> None:
    listener.settimeout(30)
    connection, _ = listener.accept()
    with suppress(OSError):
        connection.close()


async def test_who_may_not_ask_is_told_who_may(monkeypatch):
    """What the file system keeps from us weighs more than sockets that nobody has made."""
    who = "/run/hotswap-tui/control.sock: permission denied; run this as hotswap or a member of the group hotswap"

    async def read_snapshot(path):
        raise NotAllowedError(who) if path.name == "theirs" else NoEngineError(path, "nobody listens there")

    monkeypatch.setattr("hotswap_tui.api.client.read_snapshot", read_snapshot)
    with pytest.raises(UnreachableError) as caught:
        await reach([Path("theirs"), Path("ours")])
    assert str(caught.value) == who
    with pytest.raises(UnreachableError) as caught:
        await reach([Path("ours"), Path("mine")])
    assert "no engine answers at ours (nobody listens there), mine (nobody listens there); start one" in str(
        caught.value
    )


async def test_an_env_file_that_cannot_be_read_is_wrong_usage(tmp_path):
    told = await command("status", "--env-file", str(tmp_path / "missing.env"))
    assert told.code == exit_codes.USAGE
    assert "missing.env cannot be read: No such file or directory" in told.err
