"""A hold ends although the program that asked for it cannot end it any more, and is not started again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hotswap_tui.routing import note
from hotswap_tui.routing.guard import Guard, GuardError
from hotswap_tui.routing.note import Note
from tests.support.until import until, until_sync

CHILD = Path(__file__).with_name("held_child.py")
ROOT = Path(__file__).parent.parent.parent


def is_as_before(bouncer) -> bool:
    settings = {bouncer.setting("query_timeout"), bouncer.setting("idle_transaction_timeout")}
    return not bouncer.paused() and settings == {"0"} and not bouncer.gateway.hold_note.exists()


@pytest.mark.parametrize(("how", "number"), [("killed", signal.SIGKILL), ("hung", signal.SIGSTOP)])
def test_a_hold_whose_program_is_killed_or_hangs_is_undone_without_a_restart(bouncer, how, number):
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(bouncer.directory), how], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        assert bouncer.setting("query_timeout") == "0.5"
        child.send_signal(number)
        until_sync(lambda: is_as_before(bouncer), 20)
        child.kill()


def noted(gateway, token: str) -> None:
    note.write(gateway.hold_note, Note(token, 0.0, held=True))


async def test_a_guard_whose_note_is_gone_ends_without_doing_anything(bouncer):
    bouncer.ask("PAUSE")
    guard = Guard(bouncer.gateway)
    guard.begin(60)
    await guard.dismiss()
    assert bouncer.paused()


async def test_a_guard_leaves_the_hold_of_another_alone(bouncer):
    noted(bouncer.gateway, "another")
    bouncer.ask("PAUSE")
    await Guard(bouncer.gateway).dismiss()
    assert bouncer.paused()
    assert bouncer.gateway.hold_note.exists()


async def test_a_guard_that_is_let_go_undoes_its_hold_and_nobody_waits_for_it(bouncer):
    guard = Guard(bouncer.gateway)
    noted(bouncer.gateway, guard.token)
    bouncer.ask("PAUSE")
    guard.let_go()
    await until(lambda: is_as_before(bouncer), 20)


async def test_a_guard_tries_again_while_pgbouncer_does_not_answer(bouncer):
    """A PgBouncer that was started anew holds nobody, and its guard sees that."""
    guard = Guard(bouncer.gateway)
    noted(bouncer.gateway, guard.token)
    bouncer.kill()
    guard.let_go()
    await until(lambda: "sleep" in children(guard._process.pid), 20, "the pause after the first try")
    assert bouncer.gateway.hold_note.exists()
    bouncer.start()
    await until(lambda: is_as_before(bouncer), 20)


async def test_a_guard_acts_when_the_time_that_it_was_given_is_over(bouncer):
    guard = Guard(bouncer.gateway)
    noted(bouncer.gateway, guard.token)
    bouncer.ask("PAUSE")
    guard.begin(0.5)
    await until(lambda: is_as_before(bouncer), 20)
    await guard.dismiss()


async def test_a_hold_begins_when_the_guard_of_the_one_before_has_ended(bouncer, router):
    """It may have looked at its note before that was replaced, and would resume what is paused next."""
    await router.hold(10)
    holding = router._tools.holding
    await holding.leave_to_guard()
    former = holding._former
    assert former is not None
    await router.hold(10)
    assert former.has_ended
    assert bouncer.paused()
    await router.release()
    assert is_as_before(bouncer)


async def test_a_guard_that_was_ended_says_so(bouncer):
    guard = Guard(bouncer.gateway)
    guard._process.kill()
    guard._process.wait()
    with pytest.raises(GuardError, match="has ended"):
        guard.begin(60)
    await guard.dismiss()


def children(pid: int) -> set[str]:
    """Return the names of a process's children."""
    pids = Path("/proc", str(pid), "task", str(pid), "children").read_text().split()
    return {Path("/proc", child, "comm").read_text().strip() for child in pids if Path("/proc", child).exists()}


def test_a_guard_is_told_nothing_secret(bouncer):
    """It is named in the list of processes, arguments and all, and gets no environment that may hold connection strings."""
    guard = Guard(bouncer.gateway)
    process = Path("/proc", str(guard._process.pid))
    seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert bouncer.gateway.console.get_secret_value().encode() not in seen
    assert b"DATABASE_URL" not in seen
    guard.let_go()
    until_sync(lambda: guard._process.returncode is not None)
