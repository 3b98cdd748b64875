"""What runs beside the checks: the hook, notifications, the HTTP API, the group, and who moves traffic at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.values import HOT_SWAP_HINT
from hotswap_tui.doctor.finding import Check, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.config import Loaded, Settings


def services(loaded: Loaded, *, apprise: bool, group_exists: bool) -> Iterator[Finding]:
    """Yield what of the settings asks for something that is not there.

    `apprise`: the extra for notifications is installed; `group_exists`: HOTSWAP_GROUP names a group of this machine.
    """
    settings = loaded.settings
    yield from _roles(loaded)
    yield from _hook(settings)
    yield from _notifications(settings, apprise=apprise)
    yield from _api(settings)
    if settings.group is not None and not group_exists:
        text = f"HOTSWAP_GROUP={settings.group}: this machine has no such group"
        yield Finding(Check.SETTINGS, Level.PROBLEM, "group", text, f"groupadd --system {settings.group}")


def unrouted(loaded: Loaded) -> Iterator[Finding]:
    """Yield who moves traffic where no gateway does."""
    if loaded.secondary is not None and loaded.settings.on_switch is None:
        text = "nothing moves the applications' traffic: they must follow /api/health themselves, or use HotSwapPool"
        fix = "hotswap-tui gateway init sets a PgBouncer up that does"
        yield Finding(Check.GATEWAY, Level.NOTE, "pgbouncer", text, fix)


def _roles(loaded: Loaded) -> Iterator[Finding]:
    if loaded.secondary is None:
        text = "there is no secondary: the primary is watched, and nothing can be done when it fails"
        yield Finding(Check.SETTINGS, Level.WARNING, "secondary", text, HOT_SWAP_HINT)
        return
    if loaded.settings.observe:
        text = "HOTSWAP_OBSERVE=1: everything is decided and told, and nothing is done"
        yield Finding(Check.SETTINGS, Level.WARNING, "observe", text, "take it out when you trust what you see")


def _hook(settings: Settings) -> Iterator[Finding]:
    program = next(iter(settings.on_switch_arguments()), None)
    if program is not None:  # whether it can be started was checked when the settings were loaded
        yield Finding(Check.HOOK, Level.OK, "HOTSWAP_ON_SWITCH", "its program is there and may be started")


def _notifications(settings: Settings, *, apprise: bool) -> Iterator[Finding]:
    urls = settings.notification_urls()
    if not urls:
        text = "nobody is told when something happens"
        fix = "set HOTSWAP_NOTIFY_URLS (Discord, Slack, ntfy, e-mail, …)"
        yield Finding(Check.NOTIFY, Level.NOTE, "HOTSWAP_NOTIFY_URLS", text, fix)
    elif not apprise:
        text = "it is set, but what sends notifications is not installed: nobody is told anything"
        fix = "pip install 'hotswap-tui[notify]'"
        yield Finding(Check.NOTIFY, Level.PROBLEM, "HOTSWAP_NOTIFY_URLS", text, fix)
    else:
        count = "one place is" if len(urls) == 1 else f"{len(urls)} places are"
        text = f"{count} told; hotswap-tui notify test shows whether it arrives"
        yield Finding(Check.NOTIFY, Level.OK, "HOTSWAP_NOTIFY_URLS", text)


def _api(settings: Settings) -> Iterator[Finding]:
    address = settings.address()
    if address is None or address.local:
        return
    if settings.token is None:
        text = f"{address} can be reached from elsewhere and there is no HOTSWAP_TOKEN: only health is shown there"
        fix = "set HOTSWAP_TOKEN to 16 characters or more (openssl rand -hex 24), or listen on 127.0.0.1"
        yield Finding(Check.API, Level.WARNING, "HOTSWAP_LISTEN", text, fix)
    else:
        yield Finding(Check.API, Level.OK, "HOTSWAP_LISTEN", f"{address} can be reached from elsewhere, with a token")
