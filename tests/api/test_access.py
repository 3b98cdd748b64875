"""Who may read what: open paths, the token, and the name in the Host header."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from hotswap_tui.api.access import OPEN, Access
from hotswap_tui.api.public import ENDPOINTS
from tests.support.public_api import ScriptedLocal, public

TOKEN = SecretStr("correct-horse-battery")
BEARER = ("Authorization", "Bearer correct-horse-battery")
GUARDED = sorted(set(ENDPOINTS) - OPEN - {"/api/events"})


def refused(access: Access, path: str, *headers: tuple[str, str], server: str = "127.0.0.1") -> int:
    """Return the status of the refusal, 0 when the request is answered."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    answer = access.refusal({"type": "http", "path": path, "headers": raw, "server": (server, 8484)})
    return 0 if answer is None else answer.status_code


def test_the_open_paths_are_those_of_load_balancers():
    assert sorted(OPEN) == ["/api/health", "/healthz", "/primary", "/secondary"]


@pytest.mark.parametrize("path", sorted(OPEN))
@pytest.mark.parametrize(
    "access", [Access(None, (), local=True), Access(None, (), local=False), Access(TOKEN, (), local=False)]
)
def test_open_paths_ask_for_nothing(access, path):
    assert refused(access, path, ("Host", "anything.example"), server="192.168.1.5") == 0
    assert refused(access, path) == 0


@pytest.mark.parametrize("path", [*GUARDED, "/api/events", "/nowhere", "/api/health/", "/API/HEALTH"])
def test_everything_else_needs_the_token_beyond_loopback(path):
    access = Access(TOKEN, (), local=False)
    host = ("Host", "192.168.1.5:8484")
    assert refused(access, path, host, server="192.168.1.5") == 401
    assert refused(access, path, host, BEARER, server="192.168.1.5") == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([BEARER], 0),
        ([("authorization", "bearer correct-horse-battery")], 0),
        ([("Authorization", "Bearer  correct-horse-battery ")], 0),
        ([("Authorization", "Bearer correct-horse-batterY")], 401),
        ([("Authorization", "Bearer correct-horse-battery2")], 401),
        ([("Authorization", "Bearer correct-horse-batter")], 401),
        ([("Authorization", "Bearer ")], 401),
        ([("Authorization", "correct-horse-battery")], 401),
        ([("Authorization", "Basic correct-horse-battery")], 401),
        ([("Authorization", "Bearer caf\xe9")], 401),
        ([BEARER, BEARER], 401),
        ([("X-Token", "correct-horse-battery")], 401),
        ([], 401),
    ],
)
def test_a_token_is_the_token_or_none(headers, status):
    assert (
        refused(Access(TOKEN, (), local=False), "/api/status", ("Host", "10.0.0.5"), *headers, server="10.0.0.5")
        == status
    )


def test_a_token_that_is_set_is_asked_for_on_loopback_too():
    """A proxy in front of it passes on what comes from everywhere."""
    access = Access(TOKEN, (), local=True)
    assert refused(access, "/api/status", ("Host", "localhost:8484")) == 401
    assert refused(access, "/api/status", ("Host", "localhost:8484"), BEARER) == 0


def test_without_a_token_nothing_but_the_open_paths_is_answered_beyond_loopback():
    access = Access(None, ("pi.local",), local=False)
    for headers in ([("Host", "pi.local")], [("Host", "192.168.1.5"), BEARER]):
        assert refused(access, "/api/status", *headers, server="192.168.1.5") == 403


@pytest.mark.parametrize(
    ("host", "server", "known"),
    [
        ("localhost:8484", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("LocalHost:8484", "127.0.0.1", True),
        ("localhost.:8484", "127.0.0.1", True),
        ("127.0.0.1:8484", "127.0.0.1", True),
        ("127.0.0.2", "127.0.0.1", True),
        ("[::1]:8484", "::1", True),
        ("[::1]", "127.0.0.1", True),
        ("127.0.0.1:8484", "::ffff:127.0.0.1", True),
        ("192.168.1.5:8484", "192.168.1.5", True),
        ("192.168.1.5:8484", "::ffff:192.168.1.5", True),
        ("[fe80::1]:8484", "fe80::1%eth0", True),
        ("pi.local:8484", "192.168.1.5", True),
        ("PI.local.", "127.0.0.1", True),
        ("proxy.example:443", "192.168.1.5", True),
        ("evil.example:8484", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("evil.example:localhost", "127.0.0.1", False),
        ("localhost", "192.168.1.5", False),
        ("192.168.1.6", "192.168.1.5", False),
        ("127.0.0.1", "192.168.1.5", False),
        ("pi.local@evil.example", "192.168.1.5", False),
        ("xpi.local", "192.168.1.5", False),
        ("", "127.0.0.1", False),
        ("[", "127.0.0.1", False),
    ],
)
def test_a_name_must_mean_this_server(host, server, known):
    """A page on another site reaches a server under a name of that site's choice, never under an address."""
    access = Access(TOKEN, ("pi.local", "proxy.example:443"), local=False)
    assert refused(access, "/api/status", ("Host", host), BEARER, server=server) == (0 if known else 421)


async def test_a_refusal_says_what_to_do():
    async with public(ScriptedLocal(), Access(TOKEN, (), local=False)) as api:
        asked = [await api.ask(path) for path in GUARDED]
        assert {answer.status for answer in asked} == {401}
        assert {answer.headers["www-authenticate"] for answer in asked} == {'Bearer realm="hotswap-tui"'}
        assert all("HOTSWAP_TOKEN" in answer.json()["error"] for answer in asked)
        assert (await api.ask("/nowhere")).status == 401, "nor is it told what exists"
        assert {(await api.ask(path, headers=[BEARER])).status for path in GUARDED} == {200}
    async with public(ScriptedLocal(), Access(None, (), local=False)) as api:
        answer = await api.ask("/api/status")
        assert (answer.status, "set HOTSWAP_TOKEN" in answer.json()["error"]) == (403, True)
        assert (await api.ask("/api/health")).status == 200
    async with public(ScriptedLocal()) as api:
        answer = await api.ask("/metrics", headers=[("Host", "evil.example")])
        assert (answer.status, "HOTSWAP_ALLOWED_HOSTS" in answer.json()["error"]) == (421, True)
        assert answer.headers["cache-control"] == "no-store"
