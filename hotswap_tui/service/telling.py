"""Who is told elsewhere: notifications and the heartbeat, begun with the settings that ask for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hotswap_tui.service.standing import Standing

if TYPE_CHECKING:
    from hotswap_tui.config import Settings
    from hotswap_tui.engine.local import LocalClient
    from hotswap_tui.notify import Notifier


class Telling:
    """Tells what happens to `client`, as long as the settings that were adopted last say."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client
        self._notifying = Standing()
        self._beating = Standing()
        self._notifier: Notifier | None = None
        self._heartbeat: tuple[object, ...] = (None,)

    async def adopt(self, settings: Settings) -> None:
        """Tell whom `settings` name, and nobody else."""
        await self._notify(settings)
        wanted = (settings.heartbeat_url, settings.heartbeat_interval_ms)
        if wanted != self._heartbeat:
            self._heartbeat = wanted
            await self._beat(settings)

    async def aclose(self) -> None:
        """Give what is queued its last two seconds."""
        await asyncio.gather(self._notifying.close(), self._beating.close())

    async def _notify(self, settings: Settings) -> None:
        urls = settings.notification_urls()
        if self._notifier is not None and urls:
            self._notifier.readdress(urls)  # what people know already is not told them again
            return
        self._notifier = None
        await self._notifying.close()
        if urls:
            from hotswap_tui.notify import Notifier  # noqa: PLC0415 - most have none

            self._notifier = Notifier(urls, self._client)
            await self._notifying.open(self._notifier)

    async def _beat(self, settings: Settings) -> None:
        await self._beating.close()
        if settings.heartbeat_url is None:
            return
        from hotswap_tui.notify import Heartbeat, all_is_well  # noqa: PLC0415 - most have none

        client, interval_s = self._client, settings.heartbeat_interval_ms / 1000
        beat = Heartbeat(settings.heartbeat_url, interval_s, lambda: all_is_well(client.snapshot()), client.tell)
        await self._beating.open(beat)
