"""Undo what a hold or a half-done switch has left at PgBouncer: for the guard, for a person, and for the next start."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.plan import Recipe
from hotswap_tui.routing import note, readings
from hotswap_tui.routing.console import AlreadySoError, Console, ConsoleError, now_s
from hotswap_tui.routing.note import NoteError
from hotswap_tui.routing.severing import PULSE, Severing, restore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.routing.layout import Gateway
    from hotswap_tui.routing.note import Note

_COMMAND_S: Final = 2.0


class UndoError(Exception):
    """PgBouncer could not be put in order; one line. The note is still there, and it can be tried again."""


def undo(gateway: Gateway, token: str | None = None) -> tuple[str, ...]:
    """Let held clients go on and put everything else back; return a sentence for each thing that was done.

    With a `token`, only what the hold of that name has left, and nothing where it has ended by itself. Without one, also a PAUSE
    that somebody else gave. Takes some milliseconds, at most some seconds. Raises UndoError.
    """
    try:
        return asyncio.run(_undo(gateway, token))
    except (ConsoleError, NoteError) as error:
        raise UndoError(str(error)) from error


async def _undo(gateway: Gateway, token: str | None) -> tuple[str, ...]:
    found = note.read(gateway.hold_note)
    console = Console(gateway)
    if token is not None and (found is None or found.token != token):
        return ()
    if found is None:
        resumed = await _resume(console)
        return ("PgBouncer was paused; clients go on",) if resumed else ()
    return await put_in_order(gateway, console, found)


async def put_in_order(gateway: Gateway, console: Console, found: Note) -> tuple[str, ...]:
    """Undo what `found` notes, and remove it; return a sentence for each thing that was done.

    PgBouncer follows the target file, whichever it is. A hold that begins meanwhile takes over what is left to do. Raises
    ConsoleError or NoteError, the note being there still.
    """
    told: list[str] = []
    await _restore_settings(console, found, told)
    if not _is_still(gateway, found):
        return tuple(told)
    if await _resume(console):
        told.append("clients that were held go on")
    if found.leaving:
        await _sever(gateway, console, found, told)
    if _is_still(gateway, found):
        note.remove(gateway.hold_note)
    return tuple(told)


def _is_still(gateway: Gateway, found: Note) -> bool:
    still = note.read(gateway.hold_note)
    return still is not None and still.token == found.token


async def _restore_settings(console: Console, found: Note, told: list[str]) -> None:
    # A RELOAD takes every SET back, so it must be known before what is in force because of us.
    pulsed = await _pulsed(console, found.settings)
    failure: ConsoleError | None = None
    try:
        await console.run("RELOAD", now_s() + _COMMAND_S)
    except ConsoleError as error:
        failure = error  # a broken file must not keep clients waiting
    await restore(console, pulsed)
    if pulsed:
        told.append(f"{' and '.join(pulsed)} restored")
    if failure is not None:
        told.append(f"RELOAD failed, so PgBouncer may not follow the target file: {failure}")


async def _pulsed(console: Console, former: Mapping[str, str]) -> dict[str, str]:
    if not former:
        return {}
    present = readings.settings(await console.run("SHOW CONFIG", now_s() + _COMMAND_S), former)
    return {name: value for name, value in former.items() if present.get(name) == PULSE != value}


async def _resume(console: Console) -> bool:
    try:
        await console.run("RESUME", now_s() + _COMMAND_S)
    except AlreadySoError:
        return False
    return True


class _Settings:
    """Keeps the note true while time-outs are changed for the second time."""

    def __init__(self, gateway: Gateway, found: Note) -> None:
        self._gateway = gateway
        self._found = found

    def note_settings(self, former: Mapping[str, str]) -> None:
        """Write the former values into the note."""
        note.write(self._gateway.hold_note, replace(self._found, settings=dict(former)))


async def _sever(gateway: Gateway, console: Console, found: Note, told: list[str]) -> None:
    severing = Severing(console, gateway.database, _Settings(gateway, found))
    severed = await severing.ask_to_end(Recipe.HUNG, None)
    remaining = await severing.cut_off() if severed.remaining else 0
    if severed.connections:
        told.append(f"{severed.connections} connections to the database that was left were cut off")
    if remaining:
        told.append(f"{remaining} connections to the database that was left are open still")
