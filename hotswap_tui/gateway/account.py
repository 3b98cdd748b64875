"""The OS user that runs PgBouncer, and what that user may reach."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from hotswap_tui.routing.layout import GatewayError

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.routing.layout import Gateway

_PACKAGED: Final = ("postgres", "pgbouncer")
"""Debian's packages run PgBouncer as the first, Red Hat's and Alpine's as the second."""
_TEST_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Account:
    """An OS user."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Say whether this is not the user that runs this program."""
        return self.uid != os.geteuid()

    @property
    def groups(self) -> tuple[int, ...]:
        """Return the user's groups, the first among them."""
        return tuple(os.getgrouplist(self.name, self.gid))

    def may(self, access: Literal["r", "x"], path: Path) -> bool:
        """Say whether the user may read `path`, or pass through the directory `path`; the kernel decides, ACLs included."""
        if not self.is_other:
            return os.access(path, os.R_OK if access == "r" else os.X_OK)
        done = subprocess.run(
            ["/usr/bin/test", f"-{access}", str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=self.groups,
            cwd="/",
            timeout=_TEST_S,
            check=False,
        )
        return done.returncode == 0

    def obstacle(self, path: Path) -> Path | None:
        """Return the outermost directory above `path`, those that exist, which the user cannot pass; None: the way is free."""
        above = [parent for parent in reversed(path.absolute().parents) if parent.is_dir()]
        return next((parent for parent in above if not self.may("x", parent)), None)


def find_account(run_as: str | None) -> Account:
    """Return who is to run PgBouncer: the caller, or where that is root `run_as` or the package's user. Raises GatewayError."""
    if os.geteuid() == 0:
        return _unprivileged(run_as)
    caller = own_account()
    if run_as not in {None, caller.name}:
        raise GatewayError(
            f"only root can run PgBouncer as another user; leave --run-as out, and {caller.name} runs it"
        )
    return caller


def account_of(gateway: Gateway) -> Account | None:
    """Return whom PgBouncer must become when this program starts it, None when it is the same user. Raises GatewayError.

    It is the owner of the gateway's run directory; a link to somebody else's makes nobody that user.
    """
    try:
        uid = gateway.run_directory.lstat().st_uid
        if uid == os.geteuid():
            return None
        entry = pwd.getpwuid(uid)
    except OSError as error:
        raise GatewayError(f"{gateway.run_directory} cannot be read: {error.strerror}") from error
    except KeyError:
        raise GatewayError(f"{gateway.run_directory} belongs to user {uid}, who does not exist (any more)") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def own_account() -> Account:
    """Return the user that runs this program, who in a container may have no name."""
    uid = os.geteuid()
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, os.getegid())
    except KeyError:
        return Account(str(uid), uid, os.getegid())


def _unprivileged(run_as: str | None) -> Account:
    names = (run_as,) if run_as else _PACKAGED
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            raise GatewayError("PgBouncer refuses to run as root; name another user with --run-as")
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise GatewayError(
        f"PgBouncer needs an unprivileged user, and there is no {' or '.join(names)}; name one with --run-as"
    )
