"""Real servers, looked at."""

from __future__ import annotations

import asyncio
import shutil
import time
from contextlib import closing

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.look_database import look_at
from hotswap_tui.doctor.pair import same_server
from hotswap_tui.doctor.server import privileges, writable
from hotswap_tui.dsn import parse
from tests.doctor.looks import PRIMARY, SECONDARY
from tests.probes.tls_front import Authority, tls_front
from tests.support.bouncers import needs_pgbouncer

TIMEOUT_S = 20.0


async def seen(url, role=PRIMARY, timeout_s=TIMEOUT_S):
    return await look_at(role, parse(SecretStr(url)), timeout_s)


def rows_written(server):
    query = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"
    with closing(psycopg.connect(server.superuser_url)) as connection:
        return connection.execute(query).fetchone()


async def test_a_server_that_answers_tells_about_itself(server_pair):
    before = rows_written(server_pair.primary)
    found = await seen(server_pair.primary.url)
    assert found.verdict.passed
    assert found.local
    assert found.trouble == ""
    assert found.identity is not None
    details = found.details
    assert details is not None
    assert details.version_number >= 150_000
    assert (details.user, details.superuser, details.password_ends_s) == ("ccfinapp", False, None)
    assert details.tables > 0
    assert details.may_beat
    assert details.reserved >= 3
    assert details.role_connections >= 1
    assert (details.pooler, details.encryption, details.server_tls) == ("", None, False)
    assert abs(details.clock.ahead_s) < 1
    assert 0 < details.clock.uncertainty_s < TIMEOUT_S
    assert rows_written(server_pair.primary) == before
    assert found.dsn.password.get_secret_value() not in str(found)


async def test_no_session_is_left_behind(make_server):
    server = make_server()
    await seen(server.url)
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ccfinapp'"
    with closing(psycopg.connect(server.superuser_url, autocommit=True)) as connection:
        deadline_s = time.monotonic() + TIMEOUT_S
        while connection.execute(query).fetchone() != (0,):
            assert time.monotonic() < deadline_s
            await asyncio.sleep(0.01)


async def test_two_servers_are_told_from_one(server_pair):
    one, other, again = await asyncio.gather(*map(seen, (*(s.url for s in server_pair), server_pair.primary.url)))
    assert same_server(one.identity, other.identity).level is Level.OK
    assert same_server(one.identity, again.identity).level is Level.PROBLEM


async def test_a_physical_standby_is_none_of_both(make_server, make_standby):
    primary = make_server()
    one, other = await asyncio.gather(seen(primary.url), seen(make_standby(primary).url, SECONDARY))
    assert "physical standby of this primary" in same_server(one.identity, other.identity).text
    (found,) = writable(other, Policy())
    assert (found.level, "in recovery" in found.text) == (Level.NOTE, True)


async def test_a_role_that_may_do_little(make_server):
    server = make_server()
    with closing(psycopg.connect(server.superuser_url, autocommit=True)) as connection:
        for command in (
            "ALTER ROLE ccfinapp VALID UNTIL '2031-01-01' CONNECTION LIMIT 7",
            "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
            "DROP SCHEMA public CASCADE",
            "ALTER ROLE ccfinapp SET default_transaction_read_only = on",
        ):
            connection.execute(command.encode())
    found = await seen(server.url, SECONDARY)
    assert found.details is not None
    assert (found.details.role_limit, found.details.may_beat, found.details.tables) == (7, False, 0)
    assert found.details.password_ends_s is not None
    assert found.identity.system_identifier is None
    assert found.verdict.facts.read_only
    assert [each.level for each in privileges(found, Policy(), time.time())] == [Level.NOTE]


@pytest.mark.parametrize("down", ["stop", "freeze"])
async def test_a_server_that_does_not_answer_ends_the_look(server_pair, down):
    await asyncio.to_thread(getattr(server_pair.primary, down))
    found = await seen(server_pair.primary.url, timeout_s=0.5)
    assert found.verdict.fault is (Fault.REFUSED if down == "stop" else Fault.TIMEOUT)
    assert (found.identity, found.details) == (None, None)


async def test_a_wrong_password_is_told_and_not_shown(server_pair):
    url = f"postgresql://ccfinapp:hunter2@127.0.0.1:{server_pair.primary.port}/cc_financial"
    found = await seen(url)
    assert found.verdict.fault is Fault.CREDENTIALS
    assert "hunter2" not in str(found)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program makes the certificates")
async def test_tls_is_seen_from_this_side(server_pair, tmp_path):
    authority = Authority(tmp_path)
    async with tls_front(server_pair.primary.port, authority.issue("localhost")) as front:
        url = server_pair.primary.url.replace(f"127.0.0.1:{server_pair.primary.port}", f"localhost:{front.port}")
        found = await seen(f"{url}?sslmode=verify-full&sslrootcert={authority.root.certificate}")
    assert found.details is not None, found.verdict.detail
    assert found.details.encryption is not None
    assert found.details.encryption.version.startswith("TLSv1.")
    assert found.details.encryption.cipher
    assert not found.details.server_tls


@needs_pgbouncer
async def test_pgbouncer_is_told_from_a_server(make_bouncer):
    found = await seen(make_bouncer().url)
    assert found.details is not None
    assert found.details.pooler == "PgBouncer"
