"""A dump into a database, in one transaction: afterwards it is there whole, or the database is as it was."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from hotswap_tui.sync.connecting import secrets_of
from hotswap_tui.sync.dumps import dump_manifest
from hotswap_tui.sync.dumps.access import access, memory_file, plain_environment
from hotswap_tui.sync.dumps.client_tools import RESTORE, archive_version, choose_for_restore, find_tools, newest
from hotswap_tui.sync.dumps.encryption import HEAD_BYTES, Cipher, method_of
from hotswap_tui.sync.dumps.load_list import load_list
from hotswap_tui.sync.dumps.moving_progress import Meter
from hotswap_tui.sync.dumps.restore_target import verify
from hotswap_tui.sync.dumps.streaming import Command, Feed, Programs, pump
from hotswap_tui.sync.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.dumps.access import Access
    from hotswap_tui.sync.dumps.client_tools import Tools
    from hotswap_tui.sync.dumps.dump_manifest import Count, Difference, Manifest
    from hotswap_tui.sync.dumps.moving_progress import Tell
    from hotswap_tui.sync.dumps.restore_target import Target


@dataclass(frozen=True, slots=True)
class Archive:
    """A dump in a file that has been looked at and is whole, as far as its checksum can say."""

    path: Path
    cipher: Cipher | None
    manifest: Manifest | None
    listing: str
    """What `pg_restore --list` says about it."""

    @property
    def tool_major(self) -> int:
        """Return the version of the pg_dump that has written it; raises SyncError."""
        return archive_version(self.listing)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded, and how it compares with what was dumped."""

    expected: tuple[Count, ...] | None
    """The rows that were dumped; None: nobody has counted them."""
    differences: tuple[Difference, ...]
    bytes: int
    took_s: float

    @property
    def rows(self) -> int:
        """Return the rows of all tables that were dumped."""
        return sum(count.rows for count in self.expected or ())


def read_archive(path: Path, key_file: Path | None, tell: Tell) -> Archive:
    """Look at the dump in `path`: encryption, checksum, contents; raises SyncError."""
    try:
        with path.open("rb") as file:
            method = method_of(file.read(HEAD_BYTES))
        if method is not None and key_file is None:
            raise SyncError(f"{path} is encrypted with {method.value}; name the file with the key: --key-file FILE")
        cipher = Cipher(method, key_file) if method is not None and key_file is not None else None
        manifest = dump_manifest.read(dump_manifest.beside(path))
        if manifest is not None:
            meter = Meter(tell, manifest.bytes)
            meter.stage = "checking"
            dump_manifest.refuse_damaged(manifest, path, meter.at)
        return Archive(path, cipher, manifest, _listing(path, cipher))
    except OSError as error:
        raise SyncError(f"{path} cannot be read: {error.strerror}") from error


def restore(archive: Archive, dsn: Dsn, target: Target, tell: Tell, *, clean: bool) -> Loaded:
    """Load the dump into `target`, which is at `dsn`, and compare the rows; `clean`: drop what it replaces. Raises SyncError."""
    tools = choose_for_restore(find_tools(os.environ), archive.tool_major, target.facts.major)
    meter = Meter(tell, archive.path.stat().st_size)
    meter.stage = "restoring"
    decrypting = [Command(archive.cipher.decrypting(), plain_environment())] if archive.cipher else []
    chosen = load_list(archive.listing, target)
    with (
        access(dsn, "hotswap-tui restore") as way,
        restore_command(tools, way, secrets_of((dsn,)), chosen, clean=clean) as command,
        archive.path.open("rb") as file,
        Programs() as programs,
        feeding(programs, [*decrypting, command], meter) as feed,
    ):
        done = pump(file, feed.write, meter.at)
    return verified(dsn, archive.manifest.counts if archive.manifest else None, done, meter)


@contextmanager
def feeding(programs: Programs, commands: Sequence[Command], meter: Meter) -> Iterator[Feed]:
    """Start `commands`, give the input of the first, and wait for the end of all; raises SyncError."""
    *before, last = commands
    stream: int | IO[bytes] = subprocess.PIPE
    if before:
        first = programs.start(before[0], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert first.stdout is not None
        stream = first.stdout
    loading = programs.start(last, stdin=stream, stdout=subprocess.DEVNULL)
    if not isinstance(stream, int):
        stream.close()
    entrance = first.stdin if before else loading.stdin
    assert entrance is not None
    feed = Feed(programs, entrance, meter.tick)
    yield feed
    feed.close()
    meter.then("building indexes")
    programs.finish(meter.tick)


@contextmanager
def restore_command(
    tools: Tools, way: Access, secrets: Sequence[str], chosen: str, *, clean: bool
) -> Iterator[Command]:
    """Give the command that loads an archive from its standard input in one transaction, whose end it is, or its failure.

    `chosen` is the list of what is loaded.
    """
    with memory_file(chosen) as (place, numbers):
        argv = (
            tools.program(RESTORE),
            *("--no-password", "--single-transaction", "--exit-on-error"),
            *("--no-owner", "--no-privileges", "--no-tablespaces", "--no-publications", "--no-subscriptions"),
            *(("--clean", "--if-exists") if clean else ()),
            f"--use-list={place}",
            f"--dbname={way.conninfo}",
        )
        yield Command(argv, way.environment, (*way.descriptors, *numbers), tuple(secrets))


def verified(dsn: Dsn, expected: tuple[Count, ...] | None, done: int, meter: Meter) -> Loaded:
    """Compare the rows that are there with those that were dumped; raises SyncError."""
    meter.then("comparing rows")
    try:
        differences = verify(dsn, expected) if expected is not None else ()
    except SyncError as error:
        raise SyncError(f"it was loaded, and its rows could not be compared: {error}") from error
    return Loaded(expected, differences, done, meter.elapsed_s)


def _listing(path: Path, cipher: Cipher | None) -> str:
    """Return what is in the archive, by the newest pg_restore that is here; raises SyncError."""
    listing = Command((newest(find_tools(os.environ)).program(RESTORE), "--list"), plain_environment())
    commands = [Command(cipher.decrypting(), plain_environment()), listing] if cipher else [listing]
    with path.open("rb") as file, Programs() as programs:
        with programs.chain(commands, stdin=file) as output:
            text = output.read().decode(errors="surrogateescape")
        if not text:
            try:
                programs.settle()
            except SyncError as error:
                if cipher is None:
                    raise
                raise SyncError(f"{path} cannot be decrypted with {cipher.key_file}: {error}") from error
    return text
