"""The demo's settings: quick enough to watch. Nothing is imported here, so that `--help` can name them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FAST: Mapping[str, str] = {
    "DB_HEALTH_CHECK_INTERVAL": "500",
    "DB_CONNECTION_TIMEOUT": "500",
    "DB_FAILURE_RETRY_INTERVAL": "500",
    "DB_PRIMARY_RETRY_INTERVAL": "2000",
    "DB_FRESH_CONNECT_EVERY": "5",
    "DB_MAX_SWITCHES_PER_HOUR": "60",
    "HOTSWAP_LISTEN": "off",
}
"""No address that may be taken is needed to watch a demo. Everything else is as the settings' defaults."""
