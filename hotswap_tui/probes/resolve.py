"""Names to addresses, without the event loop's shared threads."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from contextlib import suppress


class Resolver:
    """Look names up in threads that neither queue behind each other nor keep the program from ending.

    A lookup cannot be cancelled and takes up to half a minute when a name server is gone. In asyncio's shared pool a few of
    those would hold up the other database's checks, and the program's end.
    """

    def __init__(self) -> None:
        """Start with nothing under way."""
        self._pending: dict[str, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Return the addresses of `host` in the system's order; an address is its own. Raises socket.gaierror.

        One lookup a name is under way at a time; who asks meanwhile waits for the same answer.
        """
        if _is_address(host):
            return [host]
        if host not in self._pending:
            self._start(host)
        return await asyncio.shield(self._pending[host])

    def _start(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[str]] = loop.create_future()

        def work() -> None:
            result = _look_up(host)
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(settle, result)

        def settle(result: list[str] | OSError) -> None:
            del self._pending[host]
            if isinstance(result, list):
                future.set_result(result)
            else:
                future.set_exception(result)
                future.exception()  # nobody may be waiting any more

        threading.Thread(target=work, name=f"resolve {host}", daemon=True).start()
        self._pending[host] = future


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str) -> list[str] | OSError:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return socket.gaierror(error.errno, f"{error.strerror}: {host}")
    except UnicodeError:
        return socket.gaierror(socket.EAI_NONAME, f"not a host name: {host}")
    except OSError as error:
        return error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
