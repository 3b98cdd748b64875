"""Networks of their own for a test: namespaces that belong to threads and are gone with them, the host's untouched."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

_CLONE_NEWNET = 0x40000000


def obstacle() -> str:
    """Return why this machine has no namespaces for us; empty when it has."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        return "ip (iproute2) is not installed"
    done = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "this machine does not allow network namespaces"


class Namespace:
    """A network namespace with a loopback device only. What is done or started through `call` is in it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self.id: int = self.call(_enter_new)
        self.ip("link set lo up")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do `work` over there and return what it returns."""
        return self._thread.submit(work, *args, **kwargs).result()

    def ip(self, arguments: str) -> None:
        """Run ip(8) over there."""
        self.call(subprocess.run, ["ip", *arguments.split()], check=True, capture_output=True, timeout=20)


@contextmanager
def joined(near: str, far: str) -> Iterator[tuple[Namespace, Namespace]]:
    """Give two namespaces with a wire between their devices `wire`, addresses as `10.0.0.1/24`."""
    with Namespace() as here, Namespace() as there:
        here.ip(f"link add wire type veth peer name wire netns {there.id}")
        for namespace, address in ((here, near), (there, far)):
            namespace.ip(f"addr add {address} dev wire")
            namespace.ip("link set wire up")
        yield here, there


def _enter_new() -> int:
    """Move this thread into a new namespace and return the thread's id, by which others find it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    return threading.get_native_id()
