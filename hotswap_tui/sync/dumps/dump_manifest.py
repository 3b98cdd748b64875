"""What stands beside a dump, in `FILE.json`: how many rows each table had, and the checksum of the file. No secrets."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

_FORMAT: Final = 1
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Count:
    """The rows of a table."""

    schema: str
    table: str
    rows: int

    def __str__(self) -> str:
        """Return `public.users`."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A table whose rows are not as many as they should be; None: there is no such table."""

    name: str
    expected: int
    found: int | None

    def __str__(self) -> str:
        """Return one line for a person."""
        found = "the table is not there" if self.found is None else f"{self.found:,} are there"
        return f"{self.name}: {self.expected:,} rows were dumped, {found}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a dump holds."""

    database: str
    taken_at: str
    """ISO 8601, UTC: the moment of the snapshot."""
    server_major: int
    tool_major: int
    encryption: str | None
    schema_only: bool
    bytes: int
    sha256: str
    tables: tuple[Count, ...]

    @property
    def counts(self) -> tuple[Count, ...] | None:
        """Return the rows that were dumped, None where none were meant to be."""
        return None if self.schema_only else self.tables


def beside(path: Path) -> Path:
    """Return where the manifest of the dump `path` is."""
    return path.with_name(path.name + ".json")


def text_of(manifest: Manifest) -> str:
    """Return a manifest as JSON."""
    return json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=1) + "\n"


def read(path: Path) -> Manifest | None:
    """Return the manifest in the file `path`, None where there is no such file; raises SyncError."""
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if fields.pop("format") != _FORMAT:
            raise SyncError(f"{path} was written by another version of hotswap-tui")
        tables = tuple(
            Count(str(each["schema"]), str(each["table"]), int(each["rows"])) for each in fields.pop("tables")
        )
        return Manifest(**fields, tables=tables)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SyncError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SyncError(
            f"{path} is no list of rows that `sync dump` has written; move it away to restore without"
        ) from None


def refuse_damaged(manifest: Manifest, path: Path, tick: Callable[[int], None]) -> None:
    """Raise SyncError unless the file at `path` is the one that `manifest` describes; `tick` is told the bytes read."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
            done += len(block)
            tick(done)
    if digest.hexdigest() != manifest.sha256:
        short = f", {manifest.bytes - done:,} bytes are missing" if done < manifest.bytes else ""
        raise SyncError(
            f"{path} is damaged, or {beside(path).name} belongs to another dump: the checksum differs{short}"
        )


def differences(expected: Iterable[Count], found: Sequence[Count]) -> Iterator[Difference]:
    """Yield where `found` has not the rows that are expected; tables that only `found` has are no matter of the dump."""
    there = {(count.schema, count.table): count.rows for count in found}
    for count in expected:
        rows = there.get((count.schema, count.table))
        if rows != count.rows:
            yield Difference(str(count), count.rows, rows)
