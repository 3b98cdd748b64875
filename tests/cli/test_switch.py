"""`switch`, `failback`, `repair` and `cancel` over a real engine, two real servers and a real PgBouncer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from hotswap_tui.cli import exit_codes
from hotswap_tui.core.events import SwitchRequest
from hotswap_tui.core.values import Health, Role
from hotswap_tui.engine.local import LocalClient
from tests.support.bouncers import LivePgBouncer, needs_pgbouncer
from tests.support.controlled import command, controlled, started
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def both(server_pair):
    return {"DATABASE_URL": server_pair.primary.url, "DATABASE_URL_SECONDARY": server_pair.secondary.url}


@pytest.fixture
def bouncer(server_pair) -> Iterator[LivePgBouncer]:
    with LivePgBouncer(server_pair.primary, server_pair.secondary) as bouncer:
        yield bouncer


@pytest.fixture
def routed(both, bouncer):
    return {**both, "HOTSWAP_GATEWAY": str(bouncer.directory)}


@needs_pgbouncer
async def test_a_switch_and_the_way_back_are_followed_to_their_ends(server_pair, bouncer, routed, tmp_path):
    async with controlled(tmp_path, routed) as engine:
        there = await engine.command("switch", "--to", "secondary", "--yes")
        assert there.code == exit_codes.OK, there.err
        assert there.out.startswith("done in ")
        assert "secondary serves" in there.out
        steps = [line.strip() for line in there.err.splitlines() if line.endswith("✓")]
        assert steps == [
            f"{n}/9 {step} ✓"
            for n, step in enumerate(
                ("wake", "hold", "preflight", "secure", "repoint", "read back", "sever", "release", "canary"), 1
            )
        ]
        # Whether the pair has been looked at by then decides which words say so.
        assert "stays behind" in " ".join(there.err.split())
        assert bouncer.port_of_target() == server_pair.secondary.port

        back = await engine.command("failback", "--yes")
        assert (back.code, "primary serves" in back.out) == (exit_codes.OK, True), back.err
        assert bouncer.port_of_target() == server_pair.primary.port

        intact = await engine.command("repair", "--yes")
        assert intact.code == exit_codes.NOTHING_DONE
        assert "nothing to repair" in intact.err


@needs_pgbouncer
async def test_a_switch_that_waits_can_be_cancelled_and_says_so_where_it_was_asked_for(bouncer, routed, tmp_path):
    async with controlled(tmp_path, routed) as engine:
        with psycopg.connect(bouncer.url, prepare_threshold=None) as client:
            client.execute("SELECT 1")  # its transaction stays open
            process = await started("switch", "--to", "secondary", "--yes", "--state-dir", str(engine.state_dir))
            await until(lambda: _waits(engine), what="the hold")
            cancelled = await engine.command("cancel")
            assert cancelled.code == exit_codes.OK
            assert "cancelled" in cancelled.out
            out, err = await asyncio.wait_for(process.communicate(), 30)
        assert (process.returncode, out.decode()) == (exit_codes.FAILED, "cancelled; primary serves as before\n")
        assert b"  hold waits for 1 transaction" in err


def _waits(engine):
    switch = engine.engine.snapshot().switch
    return switch is not None and switch.step == "hold" and switch.detail


@needs_pgbouncer
async def test_a_switch_that_fails_says_why_and_where_traffic_is(bouncer, routed, tmp_path):
    async with controlled(tmp_path, routed) as engine:
        bouncer.kill()
        failed = await engine.command("switch", "--to", "secondary", "--yes")
        assert failed.code == exit_codes.FAILED
        assert failed.out.startswith("failed after ")
        assert "connection refused; start it with hotswap-tui gateway run" in failed.out
        assert failed.out.endswith("traffic was not touched.\n")
        assert engine.engine.snapshot().active is Role.PRIMARY


async def test_without_a_gateway_it_is_said_that_nothing_moves(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        done = await engine.command("switch", "--to", "secondary", "--yes")
        assert done.code == exit_codes.OK
        assert "no gateway, nothing is moved" in done.err
        assert done.out.endswith("secondary is chosen, nothing was moved\n")
        again = await engine.command("switch", "--to", "secondary", "--yes")
        assert again.code == exit_codes.NOTHING_DONE
        assert "  but      secondary is the active database already\n" in again.err


async def test_a_dead_target_is_refused_but_with_force(server_pair, both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        server_pair.secondary.crash()
        await until(lambda: _down(engine, Role.SECONDARY), what="the secondary is DOWN: nothing changes any more")
        refused = await engine.command("switch", "--to", "secondary", "--yes")
        assert refused.code == exit_codes.NOTHING_DONE
        assert "  but      secondary is not up (connection refused): no switch there\n" in refused.err
        forced = await engine.command("switch", "--to", "secondary", "--yes", "--force")
        assert forced.code == exit_codes.OK
        assert "secondary is not up (connection refused): applications will meet errors" in " ".join(forced.err.split())
        assert engine.engine.snapshot().active is Role.SECONDARY


def _down(engine, role):
    return engine.engine.snapshot().database(role).health is Health.DOWN


async def test_who_does_not_wait_is_told_where_to_look(both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        client = LocalClient(engine.engine)
        await client.request(SwitchRequest("pi", Role.SECONDARY, client.snapshot().version))
        done = await engine.command("failback", "--yes", "--no-wait")
        assert done.code == exit_codes.OK
        await until(lambda: client.snapshot().active is Role.PRIMARY, what="the way back")


@pytest.mark.parametrize("arguments", [("switch", "--to", "secondary"), ("failback",), ("repair",)])
async def test_without_a_terminal_nothing_is_done_unless_it_was_said_before(arguments, both, tmp_path):
    async with controlled(tmp_path, both) as engine:
        told = await engine.command(*arguments, answer="secondary\n")
        assert (told.code, told.out) == (exit_codes.USAGE, "")
        assert told.err == "there is no terminal to ask on; add --yes to do it without being asked\n"
        assert engine.engine.snapshot().active is Role.PRIMARY


@pytest.mark.parametrize(
    "arguments",
    [("switch", "--to", "secondary", "--yes"), ("failback",), ("repair",), ("cancel",), ("arm",), ("disarm",)],
)
async def test_without_an_engine_it_is_said_where_it_was_looked_for(arguments, tmp_path):
    told = await command(*arguments, "--state-dir", str(tmp_path))
    assert (told.code, told.out) == (exit_codes.NO_ENGINE, "")
    assert told.err.startswith(f"hotswap-tui {arguments[0]}: no engine answers at {tmp_path}/control/control.sock")
