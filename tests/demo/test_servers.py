"""The throw-away servers: what they do, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from hotswap_tui.demo import processes
from hotswap_tui.demo.installation import find_installation
from hotswap_tui.demo.servers import Server, ServerError, Stop
from tests.support.clusters import fast_directory
from tests.support.until import until, until_sync

PROGRAMS = find_installation().programs


async def value(url: str, query: str):
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def pids(server: Server) -> list[int]:
    return processes.working_in(server.data, PROGRAMS)


async def test_each_server_tells_which_one_it_is(server_pair):
    for server in server_pair:
        assert await value(server.url, "SELECT name FROM marker") == server.name
        assert await value(server.url, "SELECT current_setting('port')::int") == server.port


async def test_two_servers_are_two_clusters(server_pair):
    query = "SELECT system_identifier FROM pg_control_system()"
    identifiers = {await value(server.superuser_url, query) for server in server_pair}
    assert len(identifiers) == 2


async def test_the_application_role_owns_the_schema_and_is_no_superuser(server_pair):
    url = server_pair.primary.url
    assert await value(url, "SELECT count(*) FROM transactions") == 60
    assert await value(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert await value(url, "SELECT bool_and(tableowner = current_user) FROM pg_tables WHERE schemaname = 'public'")


async def test_a_wrong_password_is_refused(server_pair):
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server_pair.primary.url, password="wrong", timeout=5)


async def test_a_crash_loses_connections_at_once_and_leaves_the_port_refusing(server_pair):
    server = server_pair.primary
    connection = await asyncpg.connect(server.url, timeout=5)
    await asyncio.to_thread(server.crash)
    assert (server.running, server.pid, pids(server)) == (False, None, [])
    await until(connection.is_closed)
    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(server.url, timeout=5)


async def test_a_crashed_server_recovers_on_the_same_port(server_pair):
    server = server_pair.primary
    port = server.port
    server.crash()
    server.restart()
    assert server.port == port
    assert await value(server.url, "SELECT name FROM marker") == "primary"


async def test_a_frozen_server_accepts_connections_and_answers_nothing_until_thawed(server_pair):
    server = server_pair.secondary
    server.freeze()
    assert server.running
    assert server.frozen
    assert {processes.state(pid) for pid in pids(server)} == {"T"}
    with socket.create_connection(("127.0.0.1", server.port), timeout=5):
        pass
    with pytest.raises(TimeoutError):
        await asyncpg.connect(server.url, timeout=0.2)
    server.thaw()
    assert not server.frozen
    assert await value(server.url, "SELECT 1") == 1


@pytest.mark.parametrize("mode", Stop)
def test_every_way_to_stop_ends_all_processes(server_pair, mode):
    server_pair.primary.stop(mode)
    assert not server_pair.primary.running
    assert pids(server_pair.primary) == []


def test_a_frozen_server_can_be_stopped_and_restarted(server_pair):
    server = server_pair.primary
    server.freeze()
    server.restart()
    assert server.running
    assert not server.frozen


async def test_a_smart_stop_waits_for_its_clients_and_says_when_it_gave_up(make_server):
    server = make_server()
    connection = await asyncpg.connect(server.url, timeout=5)
    with pytest.raises(ServerError, match="did not stop within"):
        await asyncio.to_thread(server.stop, Stop.SMART, 0.2)
    await connection.close()


def test_starting_and_stopping_twice_is_no_error(make_server):
    server = make_server()
    pid = server.pid
    server.start()
    assert server.pid == pid
    server.stop()
    server.stop()
    assert not server.running


def test_a_server_that_cannot_start_says_why(make_server):
    server = make_server(start=False, settings={"shared_buffers": "many"})
    with pytest.raises(ServerError, match=r"did not start[\s\S]*shared_buffers"):
        server.start()
    assert not server.running


def test_a_command_that_fails_says_why(make_server):
    server = make_server(start=False)
    with pytest.raises(ServerError, match=r"initdb failed with status 1[\s\S]*not empty"):
        server.create()


async def test_a_standby_follows_and_is_read_only(make_server, make_standby):
    primary = make_server()
    standby = make_standby(primary)
    assert await value(standby.url, "SELECT pg_is_in_recovery()") is True
    assert await value(primary.url, "INSERT INTO marker VALUES ('written later') RETURNING 1") == 1

    async def arrived() -> bool:
        return bool(await value(standby.url, "SELECT count(*) = 2 FROM marker"))

    await until(arrived)
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await value(standby.url, "DELETE FROM marker")


@pytest.mark.parametrize(
    ("wal_level", "settings", "query", "expected"),
    [
        ("logical", {}, "SHOW wal_level", "logical"),
        ("replica", {"max_connections": 7}, "SHOW max_connections", "7"),
        ("replica", {"application_name": "it's"}, "SHOW cluster_name", "primary"),
    ],
)
async def test_settings_reach_the_server(make_server, wal_level, settings, query, expected):
    server = make_server(wal_level=wal_level, settings=settings)
    assert await value(server.url, query) == expected


def test_a_port_of_choice_is_used_and_a_taken_one_refused_at_once(make_server):
    taken = make_server(start=False).port
    with pytest.raises(OSError, match="in use"):
        Server("other", port=taken)


async def test_a_reserved_port_stays_free_while_its_server_is_down(make_server):
    server = make_server(start=False)
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", server.port))
    server.start()
    assert await value(server.url, "SELECT 1") == 1


def test_removing_ends_everything_also_when_frozen_or_done_twice(make_server):
    server = make_server()
    server.freeze()
    server.remove()
    server.remove()
    assert not server.directory.exists()
    assert pids(server) == []
    assert not server.running


def test_a_killed_keeper_does_not_prevent_removal(make_server):
    server = make_server()
    server._keeper._process.kill()
    server.remove()
    assert not server.directory.exists()
    assert pids(server) == []


def test_a_crashed_server_leaves_no_shared_memory_behind(make_server):
    server = make_server()
    segment = server.data.joinpath("postmaster.pid").read_text().splitlines()[6].split()[1]
    assert segment in segments()
    server.crash()
    server.remove()
    assert segment not in segments()


def segments() -> set[str]:
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()}


def test_nothing_is_left_when_the_first_start_fails():
    server = Server("broken", fsync=False, settings={"shared_buffers": "many"}, base=fast_directory())
    with pytest.raises(ServerError), server:
        pass
    assert not server.directory.exists()


def test_a_servers_representation_holds_no_password(make_server):
    server = make_server(start=False)
    assert server._password in server.url
    assert server._password not in repr(server)


PARENT = """
import os, signal, sys, time
from pathlib import Path
from hotswap_tui.demo.installation import find_installation
from hotswap_tui.demo.servers import Server
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell without job control ignores it in the background
server = Server("orphan", fsync=False, base=Path(sys.argv[1]) if sys.argv[1] else None)
server.create()
server.start()
print(server.data, find_installation().programs, server.port, flush=True)
{ending}
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("ending", "by"),
    [
        ("", signal.SIGKILL),
        ("server.freeze(); print(flush=True)", signal.SIGKILL),
        ("", signal.SIGTERM),
        ("", signal.SIGHUP),
        ("", signal.SIGINT),
        ("raise SystemExit", None),
        ("raise ValueError", None),
        ("os._exit(3)", None),
    ],
    ids=["killed", "killed-while-frozen", "terminated", "hung-up", "interrupted", "exits", "raises", "exits-hard"],
)
def test_a_server_never_outlives_the_program(ending, by):
    """Whatever ends the program, no process, no directory and no listening port remain."""
    command = [sys.executable, "-c", PARENT.format(ending=ending), str(fast_directory() or "")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        try:
            assert parent.stdout is not None
            data, programs, port = parent.stdout.readline().split()
            if by is not None:
                if ending:
                    parent.stdout.readline()
                assert processes.working_in(Path(data), Path(programs))
                os.kill(parent.pid, by)
            parent.wait(10)
        finally:
            parent.kill()
    until_sync(lambda: not Path(data).parent.exists(), 10, "directory removed")
    assert processes.working_in(Path(data), Path(programs)) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=5)
