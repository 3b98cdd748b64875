"""A network of its own for one server, in which packets can be dropped: what a pulled cable or a lost route looks like.

A proxy that swallows bytes is none: its kernel still acknowledges them. Here nothing comes back at all.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

from tests.support.clusters import Clusters, ServerPair
from tests.support.traffic import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap_tui.demo.servers import Server

T = TypeVar("T")

NEAR, FAR = "10.98.0.1", "10.98.0.2"
_DROP = "pref 5 blackhole"
"""Comes before the rule that finds the namespace's own addresses."""
_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of <linux/sched.h>."""


def obstacle() -> str:
    """Return why no network of our own can be made here; empty when nothing keeps us from it."""
    if os.geteuid() != 0:
        return "needs root, to make a network namespace"
    missing = [program for program in ("ip", "unshare") if shutil.which(program) is None]
    if missing:
        return f"needs {' and '.join(missing)}"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip()


def alone(*arguments: str) -> list[str]:
    """Return the command that runs a module of ours in a network namespace with a loopback device, and nothing else."""
    up = 'ip link set lo up && exec "$0" "$@"'
    return ["unshare", "--net", "sh", "-c", up, sys.executable, "-m", *arguments]


class FarNetwork:
    """A second network namespace, joined to this one by a pair of devices; a context manager.

    It belongs to one thread: what is started through `call` lives there. Only for a process that `alone` has started, whose
    own network may be changed.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._swallows = False

    def __enter__(self) -> Self:
        far = self.call(_enter_new)
        _ip(f"link add near type veth peer name far netns {far}")
        _ip(f"addr add {NEAR}/30 dev near")
        _ip("link set near up")
        for change in ("link set lo up", f"addr add {FAR}/30 dev far", "link set far up"):
            self.call(_ip, change)
        # The local table comes first by nature; here a rule has to come before it.
        self.call(_ip, "rule add pref 10 lookup local")
        self.call(_ip, "rule del pref 0")
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def call(self, work: Callable[..., T], *arguments: object) -> T:
        """Do `work` over there and return what it returns."""
        return self._thread.submit(work, *arguments).result()

    def swallow(self) -> None:
        """Drop every packet that arrives or leaves from now on, without a word to anybody."""
        if not self._swallows:
            self._swallows = True
            self.call(_ip, f"rule add {_DROP}")

    def restore(self) -> bool:
        """Let packets through again; say whether they were dropped."""
        if not self._swallows:
            return False
        self._swallows = False
        self.call(_ip, f"rule del {_DROP}")
        return True

    def start(self, server: Server) -> None:
        """Start a server that was made with `listen_addresses` FAR: it listens over there alone."""
        with (server.data / "pg_hba.conf").open("a", encoding="ascii") as rules:
            rules.write(f"host all all {NEAR}/32 scram-sha-256\n")
        self.call(server.start)


class FarStage(Stage):
    """A stage whose primary stands in the other network."""

    def __init__(self, pair: ServerPair, network: FarNetwork) -> None:
        super().__init__(pair, primary_url=far_url(pair.primary.url))
        self.network = network

    def heal(self) -> None:
        """Let packets through again.

        The server has not seen that its connections were given up: one made anew from the same port would be refused at first.
        """
        if self.network.restore():
            self.network.call(self.primary.restart)


@contextmanager
def far_stage() -> Iterator[FarStage]:
    """Give a stage of its own servers, both of them alive; only for a process that `alone` has started."""
    with closing(Clusters()) as clusters, FarNetwork() as network:
        pair = ServerPair(clusters.make("primary", settings={"listen_addresses": FAR}), clusters.make("secondary"))
        try:
            pair.secondary.start()
            network.start(pair.primary)
            with FarStage(pair, network) as stage:
                yield stage
        finally:
            for server in pair:
                server.remove()


def far_url(direct: str) -> str:
    """Rewrite a server's connection string so that it leads over there."""
    parts = urlsplit(direct)
    credentials = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{credentials}@{FAR}:{parts.port}"))


def _enter_new() -> int:
    """Move this thread into a new namespace and return the thread's id, by which the namespace is found."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")
    return threading.get_native_id()


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)
