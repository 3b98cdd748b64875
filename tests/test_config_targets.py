"""The databases behind a gateway, wherever their connection strings come from: what PgBouncer cannot do, or does otherwise."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from hotswap_tui.config import Loaded, SettingsError, load
from hotswap_tui.routing.layout import DESCRIPTION, Gateway, describe

URL = "postgresql://u:hunter2@192.0.2.1:5432/db"
SECOND = "postgresql://u:hunter2@192.0.2.2:5432/db"


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    directory = tmp_path / "g"
    directory.mkdir()
    console = SecretStr(f"postgresql://hotswap:x@/pgbouncer?host={directory}/run&port=6432")
    application = SecretStr("postgresql://u:hunter2@127.0.0.1:6432/db")
    described = Gateway(directory, "db", console, application, "127.0.0.1", 6432)
    (directory / DESCRIPTION).write_text(describe(described))
    return directory


@pytest.fixture
def names(monkeypatch) -> dict[str, tuple[str, ...]]:
    """Stand in for DNS: addresses by name; every other name is unknown."""
    known: dict[str, tuple[str, ...]] = {}

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host not in known:
            raise socket.gaierror
        return [(None, None, None, "", (address, 0)) for address in known[host]]

    monkeypatch.setattr("hotswap_tui.config.lookup.socket.getaddrinfo", look_up)
    return known


def loaded(directory: Path, *env_files: Path, **environ: str) -> Loaded:
    return load({}, {"DATABASE_URL": URL, **environ}, env_files, directory, None)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://u:hunter2@h1,h2/db", "PgBouncer follows one address, not several; name the one of the writable"),
        (
            f"{SECOND}?sslmode=require&sslnegotiation=direct",
            "PgBouncer does not know sslnegotiation=direct; leave it out",
        ),
        ("postgresql://u:hunter2@ep-x.neon.tech/db?sslmode=disable", "neon.tech takes no connection without TLS"),
        (f"postgresql://u:{'hunter2' * 143}@h/db", "the password is longer than the 995 bytes"),
    ],
)
@pytest.mark.parametrize("source", ["environment", "file"])
def test_what_pgbouncer_cannot_reach_is_refused_before_it_is_needed(gateway, tmp_path, url, why, source):
    """Not in the middle of a switch: a URL that outranks the gateway's own file was never seen by `gateway init`."""
    named = tmp_path / "named.env"
    named.write_text(f"DATABASE_URL_SECONDARY={url}\n")
    named.chmod(0o600)
    given = {"DATABASE_URL_SECONDARY": url} if source == "environment" else {}
    env_files = [] if given else [named]
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, *env_files, HOTSWAP_GATEWAY=str(gateway), **given)
    (told,) = refused.value.problems
    assert told.startswith(f"DATABASE_URL_SECONDARY (from {named if env_files else source}): {why}")
    assert "hunter2" not in told
    assert loaded(tmp_path, *env_files, **given).gateway is None


def test_both_urls_are_told_at_once(gateway, tmp_path):
    several = "postgresql://u@h1,h2/{}"
    given = {"DATABASE_URL": several.format("a"), "DATABASE_URL_SECONDARY": several.format("b")}
    with pytest.raises(SettingsError) as refused:
        loaded(tmp_path, HOTSWAP_GATEWAY=str(gateway), **given)
    assert [line.partition(" ")[0] for line in refused.value.problems] == ["DATABASE_URL", "DATABASE_URL_SECONDARY"]


@pytest.mark.skipif(not Path("/etc/ssl/certs/ca-certificates.crt").is_file(), reason="another distribution")
def test_what_pgbouncer_does_otherwise_is_noted_under_a_gateway_only(gateway, tmp_path):
    neon = "postgresql://u:hunter2@ep-x.neon.tech/db?sslmode=require"
    noted = loaded(tmp_path, DATABASE_URL_SECONDARY=neon, HOTSWAP_GATEWAY=str(gateway)).notes
    assert any("DATABASE_URL_SECONDARY: PgBouncer connects with sslmode=verify-full" in note for note in noted)
    assert not any("PgBouncer" in note for note in loaded(tmp_path, DATABASE_URL_SECONDARY=neon).notes)


@pytest.mark.parametrize(
    ("host", "addresses", "told"),
    [
        (
            "db.example",
            ("192.0.2.8", "192.0.2.7"),
            "db.example has several addresses (192.0.2.7, 192.0.2.8): PgBouncer takes",
        ),
        ("db.example", ("192.0.2.7", "2001:db8::7", "2001:db8::8"), "several addresses (2001:db8::7, 2001:db8::8)"),
        ("db.example", ("192.0.2.7", "2001:db8::7"), ""),
        ("db.example", ("192.0.2.7",), ""),
        ("db.example", (), ""),
        ("ep-x.neon.tech", ("192.0.2.7", "192.0.2.8"), ""),
    ],
)
def test_a_name_of_several_servers_is_warned_of(gateway, tmp_path, names, host, addresses, told):
    names[host] = addresses
    given = {"DATABASE_URL_SECONDARY": f"postgresql://u:hunter2@{host}/db"}
    warnings = loaded(tmp_path, HOTSWAP_GATEWAY=str(gateway), **given).warnings
    assert [told in warning for warning in warnings] == ([True] if told else [])
    assert loaded(tmp_path, **given).warnings == ()


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("postgresql://u:hunter2@127.0.0.1:6432/db?pgbouncer=true", True),
        ("postgresql://u:hunter2@localhost:6432/db?schema=x&pgbouncer=true&connection_limit=1", True),
        ("postgresql://u:hunter2@/db?host=/run/postgresql&port=6432&pgbouncer=true", True),
        ("postgresql://u:hunter2@127.0.0.1:6432/db?pgbouncer=false", False),
        ("postgresql://u:hunter2@127.0.0.1:6432/db", False),
        ("postgresql://u:hunter2@192.0.2.1:6543/postgres?pgbouncer=true", False),
    ],
)
def test_an_applications_own_url_is_suspected(tmp_path, url, warned):
    """The watched database would be whichever one PgBouncer leads to."""
    warnings = loaded(tmp_path, DATABASE_URL=url).warnings
    assert ["looks like an application's URL of a gateway" in text for text in warnings] == ([True] if warned else [])
    assert "hunter2" not in str(warnings)
