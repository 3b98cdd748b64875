"""Tells people elsewhere: messages through Apprise, and a heartbeat for a dead-man's switch.

`Notifier(urls, client)`
    An async context manager beside a started engine: enter it after the engine and leave it before, when what is queued gets
    two seconds more. `urls` is `settings.notification_urls()`, not empty; `client` a LocalClient or what stands for one
    (`snapshot`, `events`, `subscribe`, `tell`), which may get another engine meanwhile. `readdress(urls)` takes other URLs
    without forgetting what people know already. An event of `Kind.CONFIG` with `Level.BAD` is told to people, too.
`Heartbeat(url, interval_s, is_well, tell)`
    An async context manager, independent of the notifier. `url` is `settings.heartbeat_url`, `is_well`
    `lambda: all_is_well(client.snapshot())`, `tell` the client's.

Both never block or harm what they stand beside; what goes wrong is an event of `Kind.NOTIFY`.
"""

from __future__ import annotations

from hotswap_tui.notify.heartbeat import Heartbeat, all_is_well
from hotswap_tui.notify.notifier import Notifier

__all__ = ["Heartbeat", "Notifier", "all_is_well"]
