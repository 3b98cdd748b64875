"""A PgBouncer of somebody else is told what to set otherwise, and nothing that is right already."""

from __future__ import annotations

import pytest

from hotswap_tui.gateway.advice import advice
from hotswap_tui.gateway.ini import IGNORED, LINK

GOOD = {
    "server_login_retry": "0.05",
    "query_wait_timeout": "30",
    "server_connect_timeout": "10",
    "ignore_startup_parameters": ",".join(IGNORED),
    **{name: str(value) for name, value in LINK.items()},
}


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"server_login_retry": "15"}, "server_login_retry = 0.05 (now 15): "),
        ({"server_login_retry": "0.2"}, "server_login_retry = 0.05 (now 0.2): "),
        ({"query_wait_timeout": "15"}, "query_wait_timeout = 30 (now 15): "),
        ({"server_connect_timeout": "2"}, "server_connect_timeout = 10 (now 2): "),
        ({"tcp_user_timeout": "0"}, "tcp_user_timeout = 5000 (now 0): "),
        (
            {"ignore_startup_parameters": "x"},
            f"ignore_startup_parameters = x,{','.join(IGNORED)} (now x): ",
        ),
    ],
)
def test_a_setting_that_should_differ_is_said_with_its_reason(changed: dict[str, str], line: str):
    (told,) = advice(GOOD | changed, 15.0)
    assert told.startswith(line)


@pytest.mark.parametrize("unlimited", ["0", "30"])
def test_settings_that_are_right_are_not_spoken_of(unlimited: str):
    assert list(advice(GOOD | {"query_wait_timeout": unlimited}, 15.0)) == []
