"""What settings mean to the rest of the program: the methods of `Settings`, and of what is kept of them elsewhere."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from hotswap_tui.config.listen import Listen, parse_listen
from hotswap_tui.core.policy import Policy
from hotswap_tui.dsn.secret import SecretStr

if TYPE_CHECKING:
    from hotswap_tui.config.settings import Settings


def policy(self: Settings) -> Policy:
    """Return what decisions need, in seconds."""
    standby_ms = self.standby_check_interval_ms or self.health_check_interval_ms
    return Policy(
        check_interval_s=self.health_check_interval_ms / 1000,
        connection_timeout_s=self.connection_timeout_ms / 1000,
        failure_threshold=self.failure_threshold,
        primary_retry_interval_s=self.primary_retry_interval_ms / 1000,
        failure_retry_interval_s=self.failure_retry_interval_ms / 1000,
        recovery_threshold=self.recovery_threshold,
        failback_auto=self.failback == "auto",
        max_switches_per_hour=self.max_switches_per_hour,
        standby_check_interval_s=standby_ms / 1000,
        fresh_connect_every=self.fresh_connect_every,
        allow_read_only=self.allow_read_only,
        write_check=self.write_check,
        hold_max_s=self.hold_max_ms / 1000,
        observe=self.observe,
        sync_interval_s=self.sync_check_interval_ms / 1000,
        max_lag_s=None if self.max_lag_ms is None else self.max_lag_ms / 1000,
        failback_guarded=self.failback_guard == "block",
    )


def address(self: Settings) -> Listen | None:
    """Return where the HTTP API listens, None where it is off."""
    return parse_listen(self.listen)


def hosts(self: Settings) -> tuple[str, ...]:
    """Return the names that HOTSWAP_ALLOWED_HOSTS gives, in lower case."""
    return tuple(name.strip().lower() for name in (self.allowed_hosts or "").split(",") if name.strip())


def notification_urls(self: Settings) -> tuple[SecretStr, ...]:
    """Return the Apprise URLs; empty where nobody is told."""
    given = "" if self.notify_urls is None else self.notify_urls.get_secret_value()
    return tuple(map(SecretStr, given.split()))


def on_switch_arguments(self: Settings) -> tuple[str, ...]:
    """Return what runs after each switch, the program first; empty when nothing does."""
    return tuple(shlex.split(self.on_switch or ""))
