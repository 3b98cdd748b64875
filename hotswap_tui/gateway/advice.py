"""What of somebody else's PgBouncer should be set otherwise."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.gateway.ini import IGNORED, LEAST_QUERY_WAIT_S, LINK, LOGIN_RETRY_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LEAST_CONNECT_S: Final = 10.0


def advice(config: Mapping[str, str], hold_max_s: float) -> Iterator[str]:
    """Yield the settings that should differ, as lines for its file with what they are now and why."""

    def now(name: str) -> float:
        with suppress(ValueError):
            return float(config.get(name, ""))
        return 0.0

    def line(name: str, value: object, why: str) -> str:
        return f"{name} = {value} (now {clean(config.get(name, ''), 60) or 'not set'}): {why}"

    if now("server_login_retry") > LOGIN_RETRY_S:
        yield line("server_login_retry", LOGIN_RETRY_S, "after a crash nobody is served before the next try")
    if 0 < now("query_wait_timeout") <= hold_max_s:
        enough_s = max(LEAST_QUERY_WAIT_S, round(hold_max_s) * 2)
        yield line("query_wait_timeout", enough_s, "clients that are held are given up otherwise")
    if now("server_connect_timeout") < _LEAST_CONNECT_S:
        yield line("server_connect_timeout", 10, "a sleeping cloud database takes that long")
    for name, value in LINK.items():
        if not now(name):
            yield line(name, value, "a link that is gone is noticed late otherwise")
    given = {name.strip() for name in config.get("ignore_startup_parameters", "").split(",")}
    if missing := [name for name in IGNORED if name not in given]:
        yield line(
            "ignore_startup_parameters", ",".join((*sorted(given - {""}), *missing)), "drivers send these at login"
        )
