"""Whom the service runs as: a user and group of its own, to whom the gateway belongs, PgBouncer's own files apart."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.gateway.account import Account
from hotswap_tui.gateway.ini import SOCKET_MODE
from hotswap_tui.routing import atomic, layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "hotswap"
_SYSUSERS: Final = f'u {NAME} - "hotswap-tui" /var/lib/hotswap-tui\n'
_OURS: Final = (layout.DESCRIPTION, layout.ENGINE_ENV, layout.TARGET, layout.HOLD_NOTE, "engine.lock")
"""What the engine itself writes, or alone reads, in a gateway's directory."""
_PASS: Final = 0o710
_MODE: Final = re.compile(r"^(unix_socket_mode\s*=\s*)0700$", re.MULTILINE)
"""Of a gateway that an earlier version made."""
_ANSWER_S: Final = 30.0


class OwnerError(Exception):
    """Why nobody can own it: one line that says what to do."""


def find() -> Account | None:
    """Return the service's user, None when there is none yet."""
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make() -> Account:
    """Return the service's user and group of the same name, made when they are missing; raises OwnerError."""
    if find() is None:
        if shutil.which("systemd-sysusers"):
            _run(["systemd-sysusers", "-"], _SYSUSERS)
        else:
            _run(["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME])
    account = find()
    if account is None:
        raise OwnerError(f"the user {NAME} could not be made; useradd --system --user-group {NAME}")
    if grp.getgrgid(account.gid).gr_name != NAME:
        raise OwnerError(
            f"the user {NAME} is there without a group of its own; groupadd {NAME}, usermod -g {NAME} {NAME}"
        )
    return account


def group_of(directory: Path) -> str | None:
    """Return the group of PgBouncer, whose files in a gateway are its; None where PgBouncer runs as the gateway's owner."""
    state = (directory / layout.TARGET).lstat()
    return grp.getgrgid(state.st_gid).gr_name if state.st_mode & 0o040 else None


def refuse_stranger(directory: Path, account: Account | None) -> None:
    """Raise OwnerError when a gateway belongs to somebody from whom it cannot be taken."""
    owner = directory.stat().st_uid
    if owner not in {0, account.uid if account is not None else 0}:
        who = layout.owner_of(directory)
        raise OwnerError(
            f"the gateway {directory} belongs to {who}: install the service for that user, with --user, "
            f"or make the gateway as root"
        )


def give(directory: Path, account: Account) -> Iterator[str]:
    """Let the gateway's directory and the engine's files in it belong to `account`; yield what was done.

    PgBouncer's files stay its own; into the directory of its socket those of its group may go. Links are not followed: once it
    was given away, what lies there is not root's word.
    """
    found = [path for path in (directory, *(directory / name for name in _OURS)) if path.exists()]
    if theirs := [path for path in found if path.lstat().st_uid != account.uid]:
        for path in theirs:
            os.chown(path, account.uid, -1, follow_symlinks=False)
        yield f"gave {directory} to {account.name}, PgBouncer's files and {layout.APPLICATION_ENV} apart"
    run = directory / layout.RUN
    if run.is_dir() and run.lstat().st_uid != account.uid and _let_in(directory, run):
        yield f"opened {run}, where PgBouncer's console is, to {grp.getgrgid(run.stat().st_gid).gr_name}"


def _let_in(directory: Path, run: Path) -> bool:
    """Let PgBouncer's group in to the console, now and after PgBouncer's next start; return whether that was necessary."""
    found = [run, *(path for path in run.iterdir() if stat.S_ISSOCK(path.lstat().st_mode))]
    closed = [path for path in found if path.lstat().st_mode & 0o010 == 0]
    for path in closed:
        path.chmod(_PASS if path is run else int(SOCKET_MODE, 8))
    ini = directory / layout.INI
    state = ini.lstat()
    text = ini.read_text(encoding="utf-8") if stat.S_ISREG(state.st_mode) else ""
    opened = _MODE.sub(rf"\g<1>{SOCKET_MODE}", text)
    if opened != text:
        atomic.replace(ini, opened, state.st_mode & 0o777, gid=state.st_gid)
    return bool(closed) or opened != text


def _run(command: list[str], text: str = "") -> None:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OwnerError(f"{command[0]} cannot be run: {type(error).__name__}") from error
    if done.returncode:
        raise OwnerError(f"{' '.join(command)}: {clean(done.stderr)}")
