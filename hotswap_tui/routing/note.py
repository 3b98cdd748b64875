"""The hold note: what must be undone when this program dies. It is written before anything is done, and removed last."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from hotswap_tui.routing.temporary import beside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class NoteError(Exception):
    """The note cannot be written, read or removed; one line naming it."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was done to PgBouncer and is to be put back."""

    token: str
    """Random; names the hold, so that only its own guard ends it."""
    since: float
    """Seconds since 1970."""
    held: bool = False
    """Clients may be held."""
    leaving: bool = False
    """A database may have been left, with connections that still hang on it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Time-outs that may have been changed, with their former values."""


def new_token() -> str:
    """Return the name of another hold."""
    return token_hex(16)


def read(path: Path) -> Note | None:
    """Return the note, None when there is none. One that cannot be understood tells to undo everything. Raises NoteError."""
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Note(
            str(fields["token"]),
            float(fields["since"]),
            bool(fields["held"]),
            bool(fields["leaving"]),
            {str(name): str(value) for name, value in fields["settings"].items()},
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoteError(f"{path} cannot be read: {error.strerror}") from error
    except (AttributeError, KeyError, TypeError, ValueError):
        return Note("", 0.0, held=True, leaving=True)


def write(path: Path, note: Note) -> None:
    """Write the note, for us alone. Raises NoteError.

    Not down to the disk: what it tells of does not survive a power cut either.
    """
    temporary = beside(path)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(note)) + "\n")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise NoteError(f"{path} cannot be written: {error.strerror}") from error


def remove(path: Path) -> None:
    """Remove the note, if it is there. Raises NoteError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise NoteError(f"{path} cannot be removed: {error.strerror}") from error
