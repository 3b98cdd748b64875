"""A sign of life for a dead-man's switch elsewhere: an address is asked for while all is well, and silence is the alarm."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

import h11

from hotswap_tui import __version__
from hotswap_tui.core.text import clean
from hotswap_tui.core.traffic_words import cut_from_clients, paused_by_others
from hotswap_tui.core.values import Kind, Level, Tell
from hotswap_tui.notify.services import service_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

    from pydantic import SecretStr

    from hotswap_tui.core.snapshot import DatabaseView, Snapshot

TIMEOUT_S: Final = 10.0
AGAIN_S: Final = 5.0
"""After a failure, once."""
_LATE_S: Final = 5.0
"""A check may begin this much late before something is wrong with us."""
_READ: Final = 65_536


def all_is_well(snapshot: Snapshot) -> bool:
    """Say whether a database serves, applications can reach it as far as we know, and the checks are on time."""
    router = snapshot.router
    cut = bool(router.error) and cut_from_clients(router)
    views = [view for view in (snapshot.primary, snapshot.secondary) if view is not None]
    return (
        snapshot.serving
        and not cut
        and not paused_by_others(snapshot)
        and all(_on_time(view, snapshot) for view in views)
    )


def _on_time(view: DatabaseView, snapshot: Snapshot) -> bool:
    return snapshot.now_s <= view.next_check_s + snapshot.policy.connection_timeout_s + _LATE_S


class Heartbeat:
    """Asks for `url` every `interval_s` seconds while `is_well` says so; an async context manager."""

    def __init__(
        self, url: SecretStr, interval_s: float, is_well: Callable[[], bool], tell: Callable[[Tell], None]
    ) -> None:
        self._url = url
        self._name = service_name(url.get_secret_value())
        self._interval_s = interval_s
        self._is_well = is_well
        self._tell = tell
        self._context: ssl.SSLContext | None = None
        self._failing = False
        self._worker: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """Begin; nothing is waited for."""
        self._worker = asyncio.ensure_future(self._beat())
        self._worker.add_done_callback(self._reap)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End at once."""
        self._worker.cancel()
        await asyncio.wait({self._worker})

    async def _beat(self) -> None:
        while True:
            if self._is_well():
                why = await self._ask()
                if why:
                    await asyncio.sleep(AGAIN_S)
                    why = await self._ask() if self._is_well() else why
                self._report(why)
            await asyncio.sleep(self._interval_s)

    def _report(self, why: str) -> None:
        """Tell the first failure in a row, and the end of them."""
        if why and not self._failing:
            self._tell(
                Tell(Kind.NOTIFY, Level.WARNING, f"heartbeat to {self._name} failed: {why}; an alarm there is false")
            )
        elif self._failing and not why:
            self._tell(Tell(Kind.NOTIFY, Level.INFO, f"heartbeat to {self._name} arrives again"))
        self._failing = bool(why)

    async def _ask(self) -> str:
        """Return what kept the request from being answered as it should, empty when nothing did."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._answer(urlsplit(self._url.get_secret_value()))
        except TimeoutError:
            return "timeout"
        except ssl.SSLError:
            return "TLS failure"
        except OSError as error:
            return clean(error.strerror or type(error).__name__).lower()
        except (h11.ProtocolError, ValueError):
            return "it does not speak HTTP"

    async def _answer(self, parts: SplitResult) -> str:
        secure = parts.scheme == "https"
        if secure and self._context is None:
            self._context = await asyncio.to_thread(ssl.create_default_context)
        port = parts.port or (443 if secure else 80)
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=self._context if secure else None)
        try:
            connection = h11.Connection(h11.CLIENT)
            for part in (_request(parts), h11.EndOfMessage()):
                writer.write(connection.send(part) or b"")
            while not isinstance(event := connection.next_event(), h11.Response):
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(_READ))
                elif isinstance(event, h11.ConnectionClosed):
                    return "connection lost"
            return "" if 200 <= event.status_code < 300 else f"it answered {event.status_code}"
        finally:
            writer.transport.abort()

    def _reap(self, worker: asyncio.Task[None]) -> None:
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            text = clean(f"the heartbeat has stopped: {type(error).__name__}: {error}")
            self._tell(Tell(Kind.NOTIFY, Level.BAD, text))


def _request(parts: SplitResult) -> h11.Request:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [
        ("Host", host + (f":{parts.port}" if parts.port else "")),
        ("User-Agent", f"hotswap-tui/{__version__}"),
        ("Accept", "*/*"),
        ("Connection", "close"),
    ]
    return h11.Request(method="GET", target=target, headers=headers)
