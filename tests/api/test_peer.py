"""Who may come in, as the kernel vouches for him: seen from processes of other users."""

from __future__ import annotations

import asyncio
import grp
import json
import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.api.peer import Door, Peer, peer_of
from tests.api.control_asks import disarm, groups_seen, move, pid_of
from tests.api.control_world import SLOW, control_world
from tests.support.other_user import NOBODY, as_user, obstacle
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_root = pytest.mark.skipif(bool(obstacle()), reason=obstacle())
GROUP = next(group for group in grp.getgrall() if group.gr_gid not in {*os.getgroups(), NOBODY})
NAMELESS = 64_123


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a directory that every user can walk through."""
    with TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def open_to_all(path: Path) -> None:
    """Do to the file system what only a mistaken administrator would."""
    path.parent.chmod(0o755)
    path.chmod(0o666)


def test_the_kernel_says_who_it_is():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        peer = peer_of(ours)
    assert (peer.pid, peer.uid) == (os.getpid(), os.geteuid())
    assert peer.groups >= set(os.getgroups())


@needs_root
async def test_a_user_may_be_in_many_groups():
    assert await as_user(NOBODY, range(2000, 2300), groups_seen) == ("", 301)


ADMITTED = [
    (None, Peer(1, 0, frozenset({0})), True),
    (None, Peer(1, 1000, frozenset({1000})), True),
    (None, Peer(1, 1001, frozenset({1001, GROUP.gr_gid})), False),
    (GROUP.gr_name, Peer(1, 1001, frozenset({1001, GROUP.gr_gid})), True),
    (GROUP.gr_name, Peer(1, 1001, frozenset({1001})), False),
    ("a group that was removed", Peer(1, 1001, frozenset({1001})), False),
]


@pytest.mark.parametrize(("group", "peer", "admitted"), ADMITTED)
def test_root_the_engines_user_and_the_group_may_come_in(monkeypatch, group, peer, admitted):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Door(group).admits(peer) is admitted


@needs_root
async def test_the_directory_keeps_others_out(place):
    async with control_world(place, SLOW) as world:
        error, text = await as_user(NOBODY, [], pid_of, world.path)
    assert (error, text) == ("NotAllowedError", f"{world.path}: permission denied; run this as root")


@needs_root
async def test_the_directory_names_the_group_that_would_be_let_in(place):
    async with control_world(place, SLOW, group=GROUP.gr_name) as world:
        error, text = await as_user(NOBODY, [], pid_of, world.path)
    assert error == "NotAllowedError"
    assert text.endswith(f"permission denied; run this as root or a member of the group {GROUP.gr_name}")


@needs_root
@pytest.mark.parametrize(("uid", "name"), [(NOBODY, "nobody"), (NAMELESS, f"uid {NAMELESS}")])
async def test_an_open_socket_is_no_open_door(place, uid, name):
    """Where the modes fail, the credentials decide, and nothing of the request is carried out."""
    async with control_world(place, SLOW) as world:
        await world.settled()
        open_to_all(world.path)
        assert await as_user(uid, [], pid_of, world.path) == (
            "NotAllowedError",
            f"this engine is not for {name}: run this as root",
        )
        version = world.local.snapshot().version
        error, _ = await as_user(uid, [], move, world.path, version)
        assert error == "NotAllowedError"
        assert world.local.snapshot().version == version
        assert world.router.begun == []


@needs_root
async def test_a_member_of_the_group_may_and_is_called_by_his_name(place):
    """Whatever he says about himself; the terminal is his own word."""
    async with control_world(place, SLOW, group=GROUP.gr_name) as world:
        await world.settled()
        assert await as_user(NOBODY, [GROUP.gr_gid], pid_of, world.path) == ("", os.getpid())
        assert await as_user(NOBODY, [GROUP.gr_gid], disarm, world.path, "root@pts/7") == ("", "nobody@pts/7")
        assert any(event.text.startswith("nobody@pts/7 switched automatic") for event in world.log)


@needs_root
async def test_who_is_not_a_member_is_told_of_the_group(place):
    async with control_world(place, SLOW, group=GROUP.gr_name) as world:
        open_to_all(world.path)
        error, text = await as_user(NOBODY, [], pid_of, world.path)
    assert error == "NotAllowedError"
    assert text == (
        f"this engine is not for nobody: run this as root or a member of the group {GROUP.gr_name} (then log in again)"
    )


async def test_a_refusal_is_one_answer_and_the_end(tmp_path, monkeypatch):
    """In HTTP, for whoever asks with curl; what follows in the same connection is not read."""
    monkeypatch.setattr(Door, "admits", lambda *_: False)
    async with control_world(tmp_path, SLOW) as world:
        reader, writer = await asyncio.open_unix_connection(world.path)
        writer.write(b"GET /snapshot HTTP/1.1\r\nHost: x\r\n\r\nPOST /disarm HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert json.loads(body)["error"].startswith("this engine is not for ")
        writer.close()
        assert world.local.snapshot().mode.armed


async def test_who_is_not_allowed_and_says_nothing_is_sent_away(tmp_path, monkeypatch):
    monkeypatch.setattr(Door, "admits", lambda *_: False)
    monkeypatch.setattr("hotswap_tui.api.peer._LINGER_S", 0.05)
    async with control_world(tmp_path, SLOW) as world:
        reader, writer = await asyncio.open_unix_connection(world.path)
        await until(reader.at_eof, what="the end")
        writer.close()
