"""The console under deadlines, with a PgBouncer that answers, hangs, or is not there."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import psycopg
import pytest
from pydantic import SecretStr

from hotswap_tui.routing.console import AlreadySoError, Console, ConsoleError, UnreachableError, now_s
from tests.support.until import until


@pytest.fixture
def console(bouncer):
    return Console(bouncer.gateway)


async def test_a_command_has_rows_or_none(console):
    assert (await console.run("SHOW VERSION", now_s() + 5))[0]["version"].startswith("PgBouncer")
    assert await console.run("RELOAD", now_s() + 5) == ()


async def test_pausing_twice_and_resuming_twice_is_already_so(console):
    for command in ("PAUSE", "RESUME"):
        assert await console.run(command, now_s() + 5) == ()
        with pytest.raises(AlreadySoError):
            await console.run(command, now_s() + 5)


async def test_whether_everything_is_paused_is_found_out_without_changing_it(console):
    line = await console.open(now_s() + 5)
    assert not await console.paused(line, now_s() + 5)
    await console.run("PAUSE", now_s() + 5)
    assert await console.paused(line, now_s() + 5)
    await console.run("RESUME", now_s() + 5)
    assert not await console.paused(line, now_s() + 5)
    line.drop()


async def test_a_wrong_command_is_one_line(console):
    with pytest.raises(ConsoleError, match=r"^PgBouncer: invalid command 'NONSENSE', use SHOW HELP;$") as caught:
        await console.run("NONSENSE", now_s() + 5)
    assert not isinstance(caught.value, UnreachableError)


async def test_a_hung_pgbouncer_is_given_up_at_the_deadline(console, bouncer):
    """Also on a line that was opened ahead; and it is not cancelled, which would hang, too."""
    line = await console.open(now_s() + 5)
    bouncer.freeze()
    begun_s = now_s()
    with pytest.raises(UnreachableError, match="does not answer SHOW POOLS in time"):
        await line.ask("SHOW POOLS", now_s() + 0.1)
    with pytest.raises(UnreachableError, match="does not answer at"):
        await console.run("SHOW POOLS", now_s() + 0.1)
    assert now_s() - begun_s < 5
    bouncer.thaw()
    assert await console.run("SHOW POOLS", now_s() + 5)


async def test_a_pgbouncer_that_is_not_there_is_said_with_what_to_do(console, bouncer):
    bouncer.kill()
    with pytest.raises(UnreachableError) as caught:
        await console.run("SHOW POOLS", now_s() + 5)
    text = str(caught.value)
    assert text.startswith(f"PgBouncer does not answer at {bouncer.gateway.run_directory}:{bouncer.gateway.port}: ")
    assert text.endswith(f"; start it with hotswap-tui gateway run --dir {bouncer.directory}")
    assert "\n" not in text


async def test_a_refused_login_shows_no_password(bouncer):
    url = bouncer.gateway.console.get_secret_value()
    password = url.split(":")[2].partition("@")[0]
    wrong = Console(replace(bouncer.gateway, console=SecretStr(url.replace(password, "wrong"))))
    with pytest.raises(UnreachableError, match="refuses the console's login") as caught:
        await wrong.open(now_s() + 5)
    assert "wrong" not in str(caught.value)


async def test_a_listener_that_never_answers_is_given_up(bouncer, silent_listener):
    url = f"postgresql://u:p@127.0.0.1:{silent_listener.port}/pgbouncer"
    with pytest.raises(UnreachableError, match="in time"):
        await Console(replace(bouncer.gateway, console=SecretStr(url))).open(now_s() + 0.1)


async def test_a_line_that_was_opened_ahead_and_lost_meanwhile_is_replaced(console, bouncer):
    await console.prepare(1, now_s() + 5)
    bouncer.kill()
    bouncer.start()
    assert await console.run("SHOW VERSION", now_s() + 5)


async def test_a_pending_pause_is_dropped_at_once(console, bouncer):
    """A PAUSE waits for the open transaction; after a RESUME from elsewhere it is never answered."""
    with psycopg.connect(bouncer.url, prepare_threshold=None) as client:
        client.execute("SELECT 1")
        line = await console.open(now_s() + 5)
        pause = line.send("PAUSE")
        await until(bouncer.paused)
        assert not pause.done()
        await console.run("RESUME", now_s() + 5)
        line.drop()
        await asyncio.wait({pause}, timeout=5)
        assert isinstance(pause.exception(), UnreachableError)


async def test_a_cancelled_question_closes_its_line(console, bouncer):
    line = await console.open(now_s() + 5)
    bouncer.freeze()
    asking = asyncio.create_task(line.ask("SHOW POOLS", now_s() + 60))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    bouncer.thaw()
    await until(lambda: line._connection.closed)
