"""SIGHUP: the settings are read again, and what changed takes effect without anybody being let go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from hotswap_tui.config import SettingsError
from hotswap_tui.core.values import Kind, Level, Tell
from hotswap_tui.service.changes import Need, changes, needs, without_restart
from hotswap_tui.service.pulse import said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hotswap_tui.config import Loaded
    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.gateway.notify import Notifier
    from hotswap_tui.service.changes import Change

_GATEWAY: Final = "HOTSWAP_GATEWAY"


class _Client(Protocol):
    """LastingClient, as far as it is needed here."""

    def snapshot(self) -> Snapshot: ...
    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]: ...
    def tell(self, tell: Tell) -> None: ...
    def adopt(self, policy: Policy) -> None: ...


class _Host(Protocol):
    """Host, as far as it is needed here."""

    async def adopt(self, loaded: Loaded) -> None: ...


class Reload:
    """Reads the settings again when asked; `replace` makes another engine go on with those that it is given."""

    def __init__(
        self,
        loaded: Loaded,
        client: _Client,
        host: _Host,
        reread: Callable[[], Awaitable[Loaded]],
        notifier: Notifier,
        replace: Callable[[Loaded], Awaitable[None]],
    ) -> None:
        self._loaded = loaded
        self._client = client
        self._host = host
        self._reread = reread
        self._notifier = notifier
        self._replace = replace
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Read them as soon as possible."""
        self._asked.set()

    async def run(self) -> None:
        """Do what was asked for, one after the other, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            self._notifier.reloading()
            await self._reload()
            self._notifier.ready(said(self._client.snapshot()))

    async def _reload(self) -> None:
        try:
            loaded = await self._reread()
        except SettingsError as error:
            for problem in error.problems:
                self._tell(Level.WARNING, problem)
            self._tell(Level.BAD, "settings not changed: what is above must be put right first")
            return
        found = changes(self._loaded, loaded)
        for change in found:
            self._tell(Level.INFO, f"{change}{_postponed(change)}")
        for warning in loaded.warnings:
            if warning not in self._loaded.warnings:
                self._tell(Level.WARNING, warning)
        if not found:
            self._tell(Level.INFO, "settings read again: nothing has changed")
        elif _elsewhere(found):
            self._tell(Level.WARNING, "settings not changed: another gateway has other databases; restart to take both")
        else:
            await self._adopt(without_restart(self._loaded, loaded), needs(found))

    async def _adopt(self, loaded: Loaded, wanted: frozenset[Need]) -> None:
        if Need.ENGINE in wanted:
            if not await self._at_rest():
                return
            await self._replace(loaded)
        elif Need.POLICY in wanted:
            self._client.adopt(loaded.settings.policy())
        self._loaded = loaded
        if Need.HOST in wanted:
            await self._host.adopt(loaded)

    async def _at_rest(self) -> bool:
        """Return when no switch is in flight and nobody is held; False when the settings are to be read again before that."""
        changed = asyncio.Event()
        unsubscribe = self._client.subscribe(changed.set)
        try:
            if self._busy():
                self._tell(Level.INFO, "the new settings wait until the switch or hold has ended")
            while self._busy() and not self._asked.is_set():
                changed.clear()
                await self._either(changed)
        finally:
            unsubscribe()
        return not self._asked.is_set()

    async def _either(self, changed: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (changed, self._asked)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _busy(self) -> bool:
        snapshot = self._client.snapshot()
        return snapshot.switch is not None or snapshot.hold is not None

    def _tell(self, level: Level, text: str) -> None:
        self._client.tell(Tell(Kind.CONFIG, level, text))


def _postponed(change: Change) -> str:
    return ": needs a restart" if change.need is Need.RESTART else ""


def _elsewhere(found: tuple[Change, ...]) -> bool:
    return any(change.variable == _GATEWAY and change.need is Need.RESTART for change in found)
