"""One database into one file: pg_dump's custom format, through an encryption where that is wanted."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Final

from hotswap_tui.sync.connecting import secrets_of
from hotswap_tui.sync.dumps import dump_manifest
from hotswap_tui.sync.dumps.access import access, plain_environment
from hotswap_tui.sync.dumps.client_tools import DUMP, choose_for_dump, find_tools
from hotswap_tui.sync.dumps.dump_manifest import Count, Manifest
from hotswap_tui.sync.dumps.dump_source import opened
from hotswap_tui.sync.dumps.moving_progress import Meter
from hotswap_tui.sync.dumps.new_file import new_file
from hotswap_tui.sync.dumps.streaming import TICK_S, Command, Programs, pump
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.dumps.access import Access
    from hotswap_tui.sync.dumps.client_tools import Tools
    from hotswap_tui.sync.dumps.dump_source import Source
    from hotswap_tui.sync.dumps.encryption import Cipher
    from hotswap_tui.sync.dumps.moving_progress import Tell
    from hotswap_tui.sync.dumps.new_file import NewFile

LONG: Final = (
    "one transaction stays open on the source until it is done: VACUUM keeps every row that dies there meanwhile, "
    "and changes of tables wait"
)


@dataclass(frozen=True, slots=True)
class Dumped:
    """What was dumped."""

    tables: tuple[Count, ...]
    bytes: int
    took_s: float
    tool_major: int

    @property
    def rows(self) -> int:
        """Return the rows of all tables."""
        return sum(count.rows for count in self.tables)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be dumped, and how."""

    dsn: Dsn
    cipher: Cipher | None = None
    schema_only: bool = False
    replace: bool = False


def dump_to_file(wanted: Wanted, path: Path, tell: Tell) -> Dumped:
    """Write the dump to `path` and its manifest beside it, both or none; raises SyncError."""
    if path.is_dir():
        raise SyncError(f"{path} is a directory; name a file in it")
    if not wanted.replace and os.path.lexists(path):
        raise SyncError(f"{path} is there already; --replace replaces it")
    with new_file(path) as file, new_file(dump_manifest.beside(path)) as manifest_file:
        taken_at = _now()
        source, dumped = _dump(wanted, file.write, tell)
        manifest = _manifest(wanted, source, dumped, file, taken_at)
        manifest_file.write(dump_manifest.text_of(manifest).encode())
        for each in (file, manifest_file):
            each.settle()
        # A dump without a manifest is restored unverified; one with another's would be taken for damaged.
        with suppress(FileNotFoundError):
            manifest_file.path.unlink()
        file.publish(replace=wanted.replace)
        manifest_file.publish(replace=True)
    return dumped


def dump_to_stream(wanted: Wanted, stream: IO[bytes], tell: Tell) -> Dumped:
    """Write the dump to `stream`; raises SyncError, and OSError where it takes no more."""

    def write(block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(stream.fileno(), rest) :]

    return _dump(wanted, write, tell)[1]


def dump_command(
    tools: Tools, way: Access, source: Source, secrets: Sequence[str], options: Sequence[str] = ()
) -> Command:
    """Return the command that dumps `source` as it was at its snapshot.

    A subscription is left out because its connection string holds a password, and a publication because a copy must not publish.
    """
    argv = (
        tools.program(DUMP),
        "--format=custom",
        "--no-password",
        f"--snapshot={source.snapshot}",
        "--lock-wait-timeout=60s",
        *("--no-subscriptions", "--no-publications"),
        *options,
        f"--dbname={way.conninfo}",
    )
    return Command(argv, way.environment, way.descriptors, tuple(secrets))


def _dump(wanted: Wanted, write: Callable[[bytes], None], tell: Tell) -> tuple[Source, Dumped]:
    encrypting = [wanted.cipher.encrypting()] if wanted.cipher else []
    meter = Meter(tell)
    with opened(wanted.dsn) as source, access(wanted.dsn, "hotswap-tui dump") as way, Programs() as programs:
        tools = choose_for_dump(find_tools(os.environ), source.facts.major)
        options = ("--schema-only",) if wanted.schema_only else ()
        commands = [dump_command(tools, way, source, secrets_of((wanted.dsn,)), options)]
        commands += [Command(argv, plain_environment()) for argv in encrypting]
        with programs.chain(commands, stdin=subprocess.DEVNULL) as stream:
            if not wanted.schema_only:
                source.begin_count()
            meter.stage = "dumping"
            done = pump(stream, write, meter.at)
            programs.finish(meter.tick)
        counts = counted(source, meter)
        return source, Dumped(counts, done, meter.elapsed_s, tools.major)


def counted(source: Source, meter: Meter) -> tuple[Count, ...]:
    """Return the rows of every table at the snapshot's moment, once they are counted; raises SyncError."""
    meter.then("counting rows")
    while source.counting():
        meter.tick()
        time.sleep(TICK_S)
    return source.counts()


def _manifest(wanted: Wanted, source: Source, dumped: Dumped, file: NewFile, taken_at: str) -> Manifest:
    return Manifest(
        database=source.facts.database,
        taken_at=taken_at,
        server_major=source.facts.major,
        tool_major=dumped.tool_major,
        encryption=wanted.cipher.method.value if wanted.cipher else None,
        schema_only=wanted.schema_only,
        bytes=file.bytes,
        sha256=file.sha256,
        tables=dumped.tables,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
