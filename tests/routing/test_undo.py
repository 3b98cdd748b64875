"""What a life before has left, undone: by the guard, by a person, and by the next start."""

from __future__ import annotations

import asyncio
import stat

import pytest

from hotswap_tui.core.plan import PoolMode, choose
from hotswap_tui.core.values import Kind, Level, Role
from hotswap_tui.demo.load import READ, Load
from hotswap_tui.routing import note, target_file
from hotswap_tui.routing.console import Console
from hotswap_tui.routing.note import Note, NoteError
from hotswap_tui.routing.undo import UndoError, undo
from tests.support.bouncer_routers import Steps
from tests.support.until import until

PULSED = {"query_timeout": "0", "idle_transaction_timeout": "60"}


def leave_held(bouncer) -> None:
    note.write(bouncer.gateway.hold_note, Note("token", 0.0, held=True, settings=PULSED))
    bouncer.ask("PAUSE")
    for name in PULSED:
        bouncer.ask(f"SET {name}='0.5'")


def test_a_note_comes_back_as_it_was_written_and_is_for_us_alone(tmp_path):
    path = tmp_path / "hold.json"
    written = Note("token", 12.5, held=True, leaving=True, settings=PULSED)
    assert note.read(path) is None
    note.write(path, written)
    assert note.read(path) == written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    note.remove(path)
    note.remove(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"token": 1', "\0"])
def test_a_damaged_note_tells_to_undo_everything(tmp_path, text):
    path = tmp_path / "hold.json"
    path.write_text(text)
    assert note.read(path) == Note("", 0.0, held=True, leaving=True)


def test_a_note_that_cannot_be_kept_is_named(tmp_path):
    (tmp_path / "hold.json").mkdir()
    for attempt in (note.read, note.remove, lambda path: note.write(path, Note("", 0.0))):
        with pytest.raises(NoteError, match=r"hold\.json"):
            attempt(tmp_path / "hold.json")
    assert [entry.name for entry in tmp_path.iterdir()] == ["hold.json"]


def test_undo_resumes_and_restores_and_removes_the_note(bouncer):
    leave_held(bouncer)
    assert undo(bouncer.gateway, "token") == (
        "query_timeout and idle_transaction_timeout restored",
        "clients that were held go on",
    )
    assert not bouncer.paused()
    assert {name: bouncer.setting(name) for name in PULSED} == PULSED
    assert not bouncer.gateway.hold_note.exists()
    assert undo(bouncer.gateway, "token") == ()


def test_undo_restores_nothing_that_was_not_pulsed(bouncer):
    """PgBouncer was restarted, or somebody has set it since: that is not ours to change."""
    note.write(bouncer.gateway.hold_note, Note("token", 0.0, settings={"query_timeout": "77"}))
    undo(bouncer.gateway, "token")
    assert bouncer.setting("query_timeout") == "0"


def test_undo_leaves_the_hold_of_another_token(bouncer):
    leave_held(bouncer)
    assert undo(bouncer.gateway, "another") == ()
    assert bouncer.paused()
    assert bouncer.gateway.hold_note.exists()


def test_a_person_without_a_token_ends_any_pause(bouncer):
    bouncer.ask("PAUSE")
    assert undo(bouncer.gateway) == ("PgBouncer was paused; clients go on",)
    assert not bouncer.paused()
    assert undo(bouncer.gateway) == ()
    leave_held(bouncer)
    assert undo(bouncer.gateway)
    assert not bouncer.paused()


def test_a_broken_target_file_keeps_nobody_waiting(bouncer):
    leave_held(bouncer)
    target_file.replace(bouncer.gateway.target_file, "[databases]\nthis is no line\n")
    undo(bouncer.gateway, "token")
    assert not bouncer.paused()


def test_a_pgbouncer_that_is_not_there_cannot_be_put_in_order(bouncer):
    leave_held(bouncer)
    bouncer.kill()
    with pytest.raises(UndoError, match="does not answer at"):
        undo(bouncer.gateway, "token")
    assert bouncer.gateway.hold_note.exists()


async def test_the_next_start_undoes_what_is_noted_and_says_so(bouncer, router):
    leave_held(bouncer)
    tells = await router.reconcile()
    assert {tell.kind for tell in tells} == {Kind.RELEASED}
    assert any("clients that were held go on" in tell.text for tell in tells)
    assert not bouncer.paused()
    assert await router.reconcile() == ()


async def test_a_switch_that_was_left_half_done_is_finished_by_the_next_start(bouncer, router, server_pair):
    """The file names the target, PgBouncer does not follow it yet, and clients hang on a server that hangs."""
    async with Load(bouncer.url, clients=3, period_s=0.02, statement=READ) as clients:
        await until(lambda: clients.totals().successes > 3)
        await asyncio.to_thread(server_pair.primary.freeze)
        await until(lambda: clients.totals().waiting_s > 0.1)
        note.write(bouncer.gateway.hold_note, Note("token", 0.0, held=True, leaving=True))
        secondary = router._tools.targets[Role.SECONDARY]
        target_file.replace(bouncer.gateway.target_file, target_file.render(bouncer.gateway.database, secondary))
        tells = await router.reconcile()
        await until(lambda: {each.marker for each in clients.totals().clients} == {"secondary"})
    assert any("cut off" in tell.text for tell in tells)
    assert (await router.current()).points_to is Role.SECONDARY
    assert bouncer.setting("query_timeout") == "0"
    assert not bouncer.gateway.hold_note.exists()


async def test_a_pgbouncer_that_does_not_answer_is_told_once_and_the_note_is_kept(bouncer, router):
    leave_held(bouncer)
    bouncer.kill()
    (tell,) = await router.reconcile()
    assert (tell.kind, tell.level) == (Kind.CONFIG, Level.BAD)
    assert "every reading tries again" in tell.text
    assert bouncer.gateway.hold_note.exists()


async def test_what_could_not_be_undone_at_the_start_is_undone_by_a_later_reading(bouncer, router, monkeypatch):
    leave_held(bouncer)
    with monkeypatch.context() as patch:
        patch.setattr("hotswap_tui.routing.undo._COMMAND_S", 0.1)
        patch.setattr("hotswap_tui.routing.watch.TIMEOUT_S", 0.1)
        bouncer.freeze()
        await router.reconcile()
        assert (await router.current()).error
        bouncer.thaw()
    reading = await router.current()
    assert not reading.error
    assert not reading.paused
    assert not bouncer.paused()
    assert {name: bouncer.setting(name) for name in PULSED} == PULSED
    assert not bouncer.gateway.hold_note.exists()


async def test_a_hold_that_begins_while_another_is_undone_is_left_alone(bouncer, monkeypatch):
    """Its note has another name: what is paused now is not what was found."""
    leave_held(bouncer)
    run = Console.run

    async def overtaken(self: Console, command: str, deadline_s: float):
        rows = await run(self, command, deadline_s)
        if command == "RELOAD":
            note.write(bouncer.gateway.hold_note, Note("another", 0.0, held=True))
        return rows

    monkeypatch.setattr(Console, "run", overtaken)
    await asyncio.to_thread(undo, bouncer.gateway, "token")
    assert bouncer.paused()
    assert bouncer.gateway.hold_note.exists()


async def test_a_start_removes_what_a_kill_left_half_written_and_nothing_else(bouncer, router):
    """The target's text holds a password."""
    kept = [".target.ini.mine", "target.ini.0123abcd", ".hold.json.0123abcde", ".other.0123abcd"]
    gone = [".target.ini.0123abcd", ".hold.json.89abcdef"]
    for name in (*kept, *gone):
        (bouncer.directory / name).write_text("secret")
    await router.reconcile()
    left = {path.name for path in bouncer.directory.iterdir()}
    assert left >= set(kept)
    assert not left & set(gone)


async def test_a_file_that_says_something_else_than_pgbouncer_is_told_and_left_alone(bouncer, router, server_pair):
    secondary = router._tools.targets[Role.SECONDARY]
    target_file.replace(bouncer.gateway.target_file, target_file.render(bouncer.gateway.database, secondary))
    (tell,) = await router.reconcile()
    assert "points to primary, but" in tell.text
    assert "names secondary" in tell.text
    assert bouncer.port_of_target() == server_pair.primary.port


async def test_a_stale_note_does_not_keep_a_later_hold_from_holding(bouncer, router):
    note.write(bouncer.gateway.hold_note, Note("", 0.0, held=True, leaving=True))
    await router.hold(10)
    assert bouncer.paused()
    await router.release()
    assert not bouncer.paused()
    await router.switch(Role.SECONDARY, choose(Role.PRIMARY, None, PoolMode.TRANSACTION, (1, 18)), Steps())
    assert not bouncer.gateway.hold_note.exists()
