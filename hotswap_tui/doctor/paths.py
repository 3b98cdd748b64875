"""What is wrong with files that hold secrets, and with directories that are written to."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from hotswap_tui.doctor.finding import Check, Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.doctor.facts import Directory, EnvFile

_MEGABYTE: Final = 1_000_000
_NO_SPACE: Final = 20 * _MEGABYTE
"""Journal and log need a few."""
_LITTLE_SPACE: Final = 200 * _MEGABYTE
_FEW_INODES: Final = 100
_TRACKED_FIX: Final = (
    "git rm --cached {0}, add it to .gitignore, and change the passwords in it: they stay in the history"
)
_EXPOSED_FIX: Final = "add {} to .gitignore before somebody commits it"


def env_file(file: EnvFile) -> Iterator[Finding]:
    """Yield what was found about one dotenv file."""
    for complaint in file.complaints:
        text, _, fix = complaint.removeprefix(f"{file.path.name} ").removeprefix(f"{file.path} ").partition("; ")
        yield Finding(Check.ENV_FILE, Level.WARNING, _name(file), text, fix)
    if file.secret and not file.complaints:
        yield Finding(Check.ENV_FILE, Level.OK, _name(file), "only its owner can read it")
    if file.secret:
        yield from _git(file)


def _git(file: EnvFile) -> Iterator[Finding]:
    name = file.path.name
    match file.git:
        case "tracked":
            text = "git tracks it: whoever has the repository has the passwords"
            yield Finding(Check.GIT, Level.PROBLEM, _name(file), text, _TRACKED_FIX.format(name))
        case "exposed":
            text = "git does not ignore it: one `git add .` puts the passwords into the repository"
            yield Finding(Check.GIT, Level.WARNING, _name(file), text, _EXPOSED_FIX.format(name))
        case "ignored":
            yield Finding(Check.GIT, Level.OK, _name(file), "git ignores it")
        case "unknown":
            text = f"it lies in a git repository, and git does not tell whether it tracks it: {file.git_trouble}"
            yield Finding(Check.GIT, Level.UNSEEN, _name(file), text, f"ask as its owner: git ls-files -- {name}")


def directory(found: Directory, subject: str) -> Iterator[Finding]:
    """Yield who may write to a directory, and whether it can take anything."""
    if found.hidden:
        text = f"{found.path} cannot be seen by you"
        fix = f"run this check as {found.owner}, or as the user that runs the engine"
        yield Finding(Check.STATE_DIRECTORY, Level.UNSEEN, subject, text, fix)
    elif not found.exists:
        yield from _not_there(found, subject)
    elif not found.writable:
        text = f"{found.path} cannot be written by you; it belongs to {found.owner}"
        fix = f"run the engine, and this check, as {found.owner}"
        yield Finding(Check.STATE_DIRECTORY, Level.UNSEEN, subject, text, fix)
    elif found.mode & (stat.S_IWGRP | stat.S_IWOTH):
        text = f"{found.path} can be written by other users, who could forge or delete what is in it"
        yield Finding(Check.STATE_DIRECTORY, Level.PROBLEM, subject, text, f"chmod go-w {found.path}")
    elif found.mode & (stat.S_IROTH | stat.S_IXOTH):
        text = f"{found.path} can be read by other users: events and reasons, no passwords"
        yield Finding(Check.STATE_DIRECTORY, Level.NOTE, subject, text, f"chmod o-rwx {found.path}")
    else:
        yield Finding(Check.STATE_DIRECTORY, Level.OK, subject, f"{found.path} is writable, and not by others")
    yield from disk(found, subject)


def disk(found: Directory, subject: str) -> Iterator[Finding]:
    """Yield whether there is room."""
    free = f"{found.free_bytes / _MEGABYTE:,.0f} MB free"
    place = found.nearest or str(found.path)
    if found.free_bytes < _LITTLE_SPACE:
        level = Level.PROBLEM if found.free_bytes < _NO_SPACE else Level.WARNING
        text = f"{free} at {place}: without room nothing is remembered across a restart"
        yield Finding(Check.DISK, level, subject, text, f"free some space (df -h {place})")
    elif found.free_inodes is not None and found.free_inodes < _FEW_INODES:
        text = f"{found.free_inodes} files can still be made at {place} (inodes), whatever space is free"
        yield Finding(Check.DISK, Level.WARNING, subject, text, f"remove files nobody needs (df -i {place})")
    else:
        yield Finding(Check.DISK, Level.OK, subject, f"{free} at {place}")


def _not_there(found: Directory, subject: str) -> Iterator[Finding]:
    if found.writable:
        text = f"{found.path} is made when the engine starts for the first time"
        yield Finding(Check.STATE_DIRECTORY, Level.OK, subject, text)
        return
    text = f"{found.path} is not there, and you may not make it in {found.nearest}"
    fix = "run the engine as root, or choose another HOTSWAP_STATE_DIR"
    yield Finding(Check.STATE_DIRECTORY, Level.WARNING, subject, text, fix)


def _name(file: EnvFile) -> str:
    return file.path.name
