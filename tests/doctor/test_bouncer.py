"""What is said about a PgBouncer, where no real one shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Role
from hotswap_tui.doctor import bouncer
from hotswap_tui.doctor.facts import GatewayLook
from hotswap_tui.doctor.finding import Level
from hotswap_tui.dsn import parse
from hotswap_tui.gateway.ini import IGNORED, LINK
from hotswap_tui.routing import target_file
from hotswap_tui.routing.layout import Gateway
from hotswap_tui.routing.readings import Pointing, place_of

POLICY = Policy()
DSN = parse(SecretStr("postgresql://app:secret@db.example/app?sslmode=require"))
GATEWAY = Gateway(Path("/gateway"), "app", SecretStr("x"), SecretStr("y"), "127.0.0.1", 6432)
CONFIG = {
    "pool_mode": "transaction",
    "auth_type": "scram-sha-256",
    "server_login_retry": "0.05",
    "query_wait_timeout": "30",
    "server_connect_timeout": "10",
    "server_lifetime": "3600",
    "max_client_conn": "500",
    "max_prepared_statements": "200",
    "default_pool_size": "20",
    "server_tls_sslmode": "require",
    "ignore_startup_parameters": ",".join(IGNORED),
    **{name: str(value) for name, value in LINK.items()},
}
LOOK = GatewayLook(
    GATEWAY,
    version=(1, 24, 1),
    config=CONFIG,
    pointing=Pointing(place_of(DSN), None, paused=False),
    target_text=target_file.render("app", DSN),
)


@pytest.mark.parametrize(
    ("look", "level", "words"),
    [
        (LOOK, Level.OK, "PgBouncer 1.24.1 answers at 127.0.0.1:6432"),
        (replace(LOOK, version=(1, 17)), Level.PROBLEM, "PgBouncer 1.17"),
        (GatewayLook(GATEWAY, error="it does not answer; start it"), Level.PROBLEM, "it does not answer"),
        (
            GatewayLook(GATEWAY, error="permission denied; run this as root", forbidden=True),
            Level.UNSEEN,
            "permission denied",
        ),
        (GatewayLook(GATEWAY, error="it broke"), Level.PROBLEM, "it broke"),
    ],
)
def test_the_console(look, level, words):
    (found,) = bouncer.console(look)
    assert (found.level, found.text.startswith(words)) == (level, True)
    assert bool(found.fix) is (level is not Level.OK)


@pytest.mark.parametrize(
    ("changed", "subject", "level"),
    [
        ({}, "pgbouncer", Level.OK),
        ({"server_login_retry": "15"}, "server_login_retry", Level.WARNING),
        ({"max_client_conn": "50"}, "max_client_conn", Level.WARNING),
        ({"max_prepared_statements": "0"}, "pool_mode", Level.NOTE),
        ({"auth_type": "plain"}, "auth_type", Level.WARNING),
        ({"auth_type": "any"}, "auth_type", Level.PROBLEM),
    ],
)
def test_settings(changed, subject, level):
    (found,) = bouncer.configuration(replace(LOOK, config=CONFIG | changed, clients=45), POLICY, ())
    assert (found.subject, found.level) == (subject, level)


def test_advice_says_what_is_and_what_should_be():
    (found,) = bouncer.configuration(replace(LOOK, config=CONFIG | {"query_wait_timeout": "10"}), POLICY, ())
    assert found.text == "now 10: clients that are held are given up otherwise"
    assert found.fix == "query_wait_timeout = 30 in its main file, then RELOAD"


@pytest.mark.parametrize(
    ("changed", "levels", "words"),
    [
        ({}, [Level.OK], "it leads to the primary, as target.ini says"),
        ({"target_text": "x"}, [Level.WARNING], "target.ini says something else"),
        ({"target_text": "", "target_error": "cannot be read"}, [Level.UNSEEN], "cannot be read"),
        ({"pointing": None}, [Level.PROBLEM], "does not know the database app"),
        ({"config": CONFIG | {"server_tls_sslmode": "disable"}}, [Level.OK, Level.WARNING], "asks for require"),
        ({"canary_error": "timeout"}, [Level.OK, Level.PROBLEM], "applications are not served: timeout"),
    ],
)
def test_the_target(changed, levels, words):
    found = [*bouncer.target(replace(LOOK, **changed), {Role.PRIMARY: DSN})]
    assert [each.level for each in found] == levels
    assert words in found[-1].text


@pytest.mark.parametrize(
    ("changed", "engine", "levels"),
    [
        ({}, False, []),
        ({"hold_note": True}, True, []),
        ({"hold_note": True}, False, [Level.WARNING]),
        ({"pointing": replace(LOOK.pointing, paused=True)}, False, [Level.PROBLEM]),  # type: ignore[type-var]
        ({"paused": True}, True, [Level.NOTE]),
    ],
)
def test_who_is_held(changed, engine, levels):
    found = [*bouncer.held(replace(LOOK, **changed), engine=engine)]
    assert [each.level for each in found] == levels
    assert all(each.fix for each in found)
