"""A real PgBouncer, looked at and judged."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from pydantic import SecretStr

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Role
from hotswap_tui.doctor import bouncer
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.look_database import look_at
from hotswap_tui.doctor.look_gateway import look_at_gateway
from hotswap_tui.dsn import parse
from hotswap_tui.routing import target_file
from tests.support.bouncers import needs_pgbouncer

pytestmark = needs_pgbouncer
TIMEOUT_S = 20.0
POLICY = Policy()


@pytest.fixture
def dsns(server_pair):
    return {
        Role.PRIMARY: parse(SecretStr(server_pair.primary.url)),
        Role.SECONDARY: parse(SecretStr(server_pair.secondary.url)),
    }


def levels(found):
    return [each.level for each in found]


async def both(dsns):
    looks = await asyncio.gather(*(look_at(role, dsn, TIMEOUT_S) for role, dsn in dsns.items()))
    return {look.role: look for look in looks}


async def test_a_gateway_as_it_is_made_is_well(make_bouncer, dsns):
    looks = await both(dsns)
    found = await look_at_gateway(make_bouncer().gateway, looks.values(), TIMEOUT_S)
    assert found.version >= (1, 18)
    assert not found.paused
    assert found.looped == ()
    assert levels(bouncer.console(found)) == [Level.OK]
    assert levels(bouncer.target(found, dsns)) == [Level.OK]
    assert levels(bouncer.answers(found, looks)) == [Level.OK]
    assert not [*bouncer.held(found, engine=False)]
    assert max(levels(bouncer.configuration(found, POLICY, ()))) <= Level.NOTE
    passwords = [dsn.password.get_secret_value() for dsn in dsns.values()]
    assert not any(password in str(found) for password in passwords)


@pytest.mark.parametrize(
    ("mode", "settings", "subject", "level"),
    [
        (PoolMode.TRANSACTION, {"query_wait_timeout": "10"}, "query_wait_timeout", Level.WARNING),
        (PoolMode.TRANSACTION, {"auth_type": "md5"}, "auth_type", Level.NOTE),
        (PoolMode.TRANSACTION, {"auth_type": "trust"}, "auth_type", Level.PROBLEM),
        (PoolMode.TRANSACTION, {"server_lifetime": "0"}, "server_lifetime", Level.WARNING),
        (PoolMode.TRANSACTION, {"default_pool_size": "90"}, "default_pool_size", Level.WARNING),
        (PoolMode.SESSION, {"server_fast_close": "0"}, "server_fast_close", Level.WARNING),
        (PoolMode.STATEMENT, {}, "pool_mode", Level.PROBLEM),
    ],
)
async def test_settings_that_should_be_otherwise(make_bouncer, dsns, mode, settings, subject, level):
    looks = [await look_at(Role.PRIMARY, dsns[Role.PRIMARY], TIMEOUT_S)]
    found = await look_at_gateway(make_bouncer(mode, settings).gateway, looks, TIMEOUT_S)
    told = {each.subject: each for each in bouncer.configuration(found, POLICY, looks)}
    assert told[subject].level is level
    assert told[subject].fix


async def test_a_pause_that_was_left_over(make_bouncer, dsns):
    live = make_bouncer()
    live.ask("PAUSE")
    found = await look_at_gateway(live.gateway, (), TIMEOUT_S)
    (each,) = bouncer.held(found, engine=False)
    assert (each.level, "gateway release" in each.fix) == (Level.PROBLEM, True)
    assert levels(bouncer.held(found, engine=True)) == [Level.NOTE]
    assert live.paused()


async def test_where_it_leads_and_what_its_file_says(make_bouncer, dsns):
    live = make_bouncer()
    database = live.gateway.database
    file = live.gateway.target_file
    target_file.replace(file, target_file.render(database, dsns[Role.SECONDARY]))
    ahead = await look_at_gateway(live.gateway, (), TIMEOUT_S)
    (each,) = bouncer.target(ahead, dsns)
    assert (each.level, "leads to the primary, but target.ini" in each.text) == (Level.WARNING, True)
    live.ask("RELOAD")
    looks = await both(dsns)
    moved = await look_at_gateway(live.gateway, looks.values(), TIMEOUT_S)
    assert levels(bouncer.target(moved, dsns)) == [Level.OK]
    assert "reach the secondary" in next(bouncer.answers(moved, looks)).text
    (elsewhere,) = bouncer.target(moved, {Role.PRIMARY: dsns[Role.PRIMARY]})
    assert (elsewhere.level, "neither of the two" in elsewhere.text) == (Level.PROBLEM, True)


async def test_a_server_that_is_not_the_one_it_says(make_bouncer, dsns):
    looks = await both(dsns)
    found = await look_at_gateway(make_bouncer().gateway, (), TIMEOUT_S)
    wrong = {**looks, Role.PRIMARY: replace(looks[Role.PRIMARY], identity=looks[Role.SECONDARY].identity)}
    (each,) = bouncer.answers(found, wrong)
    assert (each.level, "another server answers" in each.text) == (Level.PROBLEM, True)


async def test_a_url_that_leads_back_is_found_whatever_way_it_goes(make_bouncer, make_proxy, dsns):
    live = make_bouncer()
    proxy = await make_proxy(live.gateway.port)
    detour = live.url.replace(f":{live.gateway.port}/", f":{proxy.port}/")
    looks = await both({Role.PRIMARY: parse(SecretStr(detour)), Role.SECONDARY: dsns[Role.SECONDARY]})
    found = await look_at_gateway(live.gateway, looks.values(), TIMEOUT_S)
    (each,) = bouncer.loop(found)
    assert (each.level, each.subject) == (Level.PROBLEM, "primary")
    assert "hotswap.env has the right URL" in each.fix


async def test_another_pgbouncer_is_not_taken_for_the_gateway(make_bouncer):
    one, other = make_bouncer(), make_bouncer()
    look = await look_at(Role.PRIMARY, parse(SecretStr(other.url)), TIMEOUT_S)
    assert (await look_at_gateway(one.gateway, [look], TIMEOUT_S)).looped == ()


async def test_a_pgbouncer_that_is_dead_or_hangs_is_a_problem_with_a_remedy(make_bouncer, dsns):
    live = make_bouncer()
    live.freeze()
    hung = await look_at_gateway(live.gateway, (), 0.3)
    live.kill()
    dead = await look_at_gateway(live.gateway, (), TIMEOUT_S)
    for found in (hung, dead):
        (each,) = bouncer.console(found)
        assert each.level is Level.PROBLEM
        assert each.fix
        assert not [*bouncer.target(found, dsns), *bouncer.held(found, engine=False), *bouncer.answers(found, {})]
        assert not [*bouncer.configuration(found, POLICY, ())]
    assert "gateway run --dir" in each.fix


async def test_applications_that_are_not_served_are_told(make_bouncer, dsns, server_pair):
    live = make_bouncer()
    await asyncio.to_thread(server_pair.primary.stop)
    found = await look_at_gateway(live.gateway, (), 0.5)
    told = [*bouncer.target(found, dsns)]
    assert "applications are not served" in told[-1].text
    assert told[-1].level is Level.PROBLEM
