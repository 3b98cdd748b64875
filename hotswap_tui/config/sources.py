r"""Where settings come from: layers of variables, from dotenv files and the environment, and how they are merged.

Dotenv files are read as Next.js reads them, whose files they are: `$NAME` and `${NAME}` (with `${NAME:-default}`) are
replaced by that variable, and `\$` is a dollar sign. A name that is set nowhere is kept as written, because it is
more often a piece of a password than a reference, and Next.js would drop it.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotenv.parser import parse_stream

from hotswap_tui.routing.layout import ENGINE_ENV, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NEXT_FILES: Final = (".env.production.local", ".env.local", ".env.production", ".env")
"""The files of a Next.js project, the strongest first."""
GATEWAY: Final = "HOTSWAP_GATEWAY"
EXPLICIT_ONLY: Final = "HOTSWAP_"
"""Variables that begin so are never read from a file that merely lies in the working directory."""

_REFERENCE: Final = re.compile(
    r"(?P<escaped>\\\$)|\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<bare>[A-Za-z_]\w*))", re.ASCII
)
_LONGEST: Final = 64 * 1024
_MOST_NESTED: Final = 100
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


_READ_ONCE: Final[dict[tuple[int, int], str]] = {}
"""What came through pipes, as `--env-file <(decrypt env)` makes them: they give their text once."""


class SourceError(Exception):
    """Say in one line why a file that was asked for cannot be read."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Hold the variables of one source, and what a person should know about it."""

    name: str
    values: Mapping[str, str]
    is_file: bool = False
    warnings: tuple[str, ...] = ()
    writable: str = ""
    """Why others could have written the file, and what to do, as half a sentence; empty when they could not."""


@dataclass(frozen=True, slots=True)
class Found:
    """Hold a variable's value and the name of the source that gave it."""

    value: str
    source: str
    in_file: bool = False


def read_explicit(path: Path) -> Layer:
    """Read a file that was named with `--env-file`. Raises `SourceError`."""
    try:
        return _read(path, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"--env-file {path} {_why(error)}{_by_whom(path, error)}") from error


def read_ambient(path: Path) -> Layer:
    """Read a file of the working directory without what only explicit sources may give; a missing one is empty."""
    if not path.is_file():
        return Layer(path.name, {})
    try:
        layer = _read(path, path.name)
    except (OSError, UnicodeDecodeError) as error:
        return Layer(path.name, {}, is_file=True, warnings=(f"{path.name} {_why(error)}; it is left out",))
    refused = [name for name in layer.values if name.startswith(EXPLICIT_ONLY)]
    warnings = (f"{n} in {path.name} is left out: it is read from the environment or --env-file only" for n in refused)
    kept = {name: value for name, value in layer.values.items() if name not in refused}
    return Layer(path.name, kept, is_file=True, warnings=(*layer.warnings, *warnings))


def read_named(environ: Mapping[str, str], env_files: Sequence[Path]) -> list[Layer]:
    """Return what a person has named, the weakest first: the gateway's own file, `env_files`, `environ`. Raises `SourceError`."""
    named = [*map(read_explicit, env_files), Layer("environment", environ)]
    gateway = value_of(GATEWAY, named)
    return [_read_gateway(Path(gateway).expanduser() / ENGINE_ENV), *named] if gateway else named


def value_of(name: str, layers: Sequence[Layer]) -> str:
    """Return what `layers` give for one variable, which is empty where they give nothing."""
    found = expand(merge(layers), (name,))[0].get(name)
    return found.value.strip() if found else ""


def _read_gateway(path: Path) -> Layer:
    try:
        return _read(path, str(path)) if path.exists() else Layer(str(path), {})
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} {_why(error)}{_by_whom(path, error)}") from error


def merge(layers: Sequence[Layer]) -> dict[str, Found]:
    """Return every variable with its strongest source; `layers` go from weak to strong."""
    return {name: Found(value, layer.name, layer.is_file) for layer in layers for name, value in layer.values.items()}


def expand(merged: Mapping[str, Found], names: Iterable[str]) -> tuple[dict[str, Found], tuple[str, ...]]:
    """Return those of `names` that are set, references in what came from files replaced, and where a URL had any.

    Raises `SourceError` for a value that grows beyond reason.
    """
    expansion = _Expansion(merged)
    expanded: dict[str, Found] = {}
    notes: list[str] = []
    for name in names:
        if name not in merged:
            continue
        found, value = merged[name], expansion.value(name)
        expanded[name] = Found(value, found.source, found.in_file)
        notes += _notes(name, found, value) if found.in_file and _is_url(name) else ()
    return expanded, tuple(notes)


class _Expansion:
    """Replaces references, each variable once: twenty lines that name one another twice would make a million pieces."""

    def __init__(self, merged: Mapping[str, Found]) -> None:
        self._merged = merged
        self._done: dict[str, str] = {}
        self._within: list[str] = []

    def value(self, name: str) -> str:
        found = self._merged[name]
        if not found.in_file:
            return found.value
        if name not in self._done:
            if len(self._within) >= _MOST_NESTED:
                raise SourceError(
                    f"{name} (from {found.source}): its $NAMEs lead through more than {_MOST_NESTED} others"
                )
            self._within.append(name)
            self._done[name] = self._replaced(name, found)
            self._within.pop()
        return self._done[name]

    def _replaced(self, name: str, found: Found) -> str:
        pieces: list[str] = []
        length = end = 0
        for match in _REFERENCE.finditer(found.value):
            pieces += (found.value[end : match.start()], self._meant(match))
            end = match.end()
            length += len(pieces[-2]) + len(pieces[-1])
            if length > _LONGEST:
                raise SourceError(
                    f"{name} (from {found.source}) is longer than {_LONGEST // 1024} kB with its $NAMEs replaced"
                )
        return "".join((*pieces, found.value[end:]))

    def _meant(self, match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        wanted = match["braced"] or match["bare"]
        if wanted in self._merged and wanted not in self._within:
            return self.value(wanted)
        return str(match["default"] if match["default"] is not None else match[0])


def _notes(name: str, found: Found, value: str) -> list[str]:
    references = [match for match in _REFERENCE.finditer(found.value) if not match["escaped"]]
    if not references:
        return []
    if value == found.value:
        return [f"{name} (from {found.source}) contains a $ that names no variable; kept, but Next.js needs it as \\$"]
    return [f"{name} (from {found.source}) contains $NAME, replaced by that variable; a dollar sign is written \\$"]


def _read(path: Path, name: str) -> Layer:
    with path.open(encoding="utf-8-sig") as stream:
        text, state = stream.read(), os.fstat(stream.fileno())
    if not stat.S_ISREG(state.st_mode):
        text = _READ_ONCE.setdefault((state.st_dev, state.st_ino), text)
    values: dict[str, str] = {}
    warnings = []
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            warnings.append(f"{name} line {binding.original.line} is not of the form NAME=value; it is left out")
        elif binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    if not _is_credential(path):
        warnings += _readable(state, name, values)
    return Layer(name, values, is_file=True, warnings=tuple(warnings), writable=_writable(state))


def _is_credential(path: Path) -> bool:
    """Say whether systemd made `path` for this service: an ACL lets it in, which looks like a group's right."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return directory is not None and path.parent == Path(directory)


def _readable(state: os.stat_result, name: str, values: Mapping[str, str]) -> list[str]:
    mode = state.st_mode
    if not stat.S_ISREG(mode) or not mode & _OTHERS or not any(map(_is_url, values)):
        return []
    return [f"{name} contains a DATABASE_URL and other users can read it; chmod 600 {name}"]


def _is_url(name: str) -> bool:
    return name.startswith("DATABASE_URL") or name == "DB_PRIMARY_URL_FROM_SECONDARY"


def _writable(state: os.stat_result) -> str:
    if state.st_uid not in {0, os.geteuid()}:
        return "belongs to another user; run this as that user"
    return "can be written by other users; chmod go-w" if state.st_mode & _OTHERS_WRITE else ""


def _why(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text"
    return f"cannot be read: {os.strerror(error.errno or 0)}"


def _by_whom(path: Path, error: OSError | UnicodeDecodeError) -> str:
    return f"; run this as {owner_of(path)}, to whom it belongs" if isinstance(error, PermissionError) else ""
