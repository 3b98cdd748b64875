"""Look at the dotenv files that are read, at git, and at directories that are written to. Nothing is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.config.sources import (
    GATEWAY,
    NEXT_FILES,
    Layer,
    read_ambient,
    read_explicit,
    read_named,
    value_of,
)
from hotswap_tui.core.text import clean
from hotswap_tui.doctor.facts import Directory, EnvFile
from hotswap_tui.routing.layout import ENGINE_ENV, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SECRETS: Final = ("DATABASE_URL", "HOTSWAP_TOKEN", "HOTSWAP_NOTIFY_URLS", "HOTSWAP_HEARTBEAT_URL")
_GIT_S: Final = 5.0
_NO_REPOSITORY: Final = 128
# A repository may belong to somebody else, whose configuration must not run programs here.
_GIT: Final = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


def env_files(environ: Mapping[str, str], named: Sequence[Path], directory: Path) -> list[EnvFile]:
    """Return the dotenv files that the settings are read from. Raises SourceError."""
    found = [
        _env_file(directory / name, read_ambient(directory / name))
        for name in NEXT_FILES
        if (directory / name).is_file()
    ]
    found += [_env_file(path, read_explicit(path)) for path in named]
    gateway = value_of(GATEWAY, read_named(environ, named))
    own = Path(gateway).expanduser() / ENGINE_ENV if gateway else None
    if own is not None and own.is_file() and not any(_same(own, path) for path in named):
        found.append(_env_file(own, read_explicit(own)))
    return found


def _env_file(path: Path, layer: Layer) -> EnvFile:
    secret = any(name.startswith(_SECRETS) for name in layer.values)
    git, trouble = _git(path.absolute()) if secret else ("", "")
    return EnvFile(path, layer.warnings, secret, git, trouble)


def _git(path: Path) -> tuple[str, str]:
    """Return what git does with `path`, as `EnvFile.git` says it, and why that is not known."""
    if not any((parent / ".git").exists() for parent in path.resolve().parents):
        return "", ""
    try:
        tracked = _run_git(path, "ls-files", "--error-unmatch", "--", path.name)
        if tracked.returncode == 0:
            return "tracked", ""
        ignored = _run_git(path, "check-ignore", "--quiet", "--", path.name)
    except FileNotFoundError:
        return "unknown", "git is not installed here"
    except (OSError, subprocess.TimeoutExpired) as error:
        return "unknown", f"git cannot be run ({type(error).__name__})"
    if ignored.returncode == _NO_REPOSITORY:
        return "unknown", clean(ignored.stderr.partition("\n")[0].removeprefix("fatal: "), 120)
    return ("ignored" if ignored.returncode == 0 else "exposed"), ""


def _run_git(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return subprocess.run(
        [*_GIT, *arguments],
        cwd=path.parent,
        env={**environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_GIT_S,
        check=False,
    )


def look_at_directory(path: Path) -> Directory:
    """Return what can be seen of a directory, also of one that is still to be made."""
    path = path.absolute()
    nearest = next(place for place in _upwards(path) if _is_directory(place))
    space, usage = os.statvfs(nearest), shutil.disk_usage(nearest)
    state = nearest.stat()
    return Directory(
        path,
        exists=nearest == path,
        hidden=_is_hidden(path),
        mode=state.st_mode,
        owner=owner_of(nearest),
        ours=state.st_uid == os.geteuid(),
        writable=os.access(nearest, os.W_OK | os.X_OK),
        free_bytes=usage.free,
        free_inodes=space.f_favail if space.f_files else None,
        nearest=str(nearest),
    )


def _upwards(path: Path) -> Iterator[Path]:
    yield path
    yield from path.parents


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_hidden(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
