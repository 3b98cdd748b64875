"""Encryption of dumps, by age or openssl through a pipe; the key is in a file, whose name alone these programs are told."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from hotswap_tui.sync.errors import SyncError

PLAIN_MAGIC: Final = b"PGDMP"
HEAD_BYTES: Final = 64
_PRIVATE: Final = (b"AGE-SECRET-KEY-", b"AGE-PLUGIN-", b"PRIVATE KEY-----")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LONGEST: Final = 1 << 20
_OPENSSL: Final = ("openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "600000", "-salt")
"""The number of iterations is what OWASP recommends for PBKDF2 with SHA-256, which openssl uses here."""


class Method(Enum):
    """What encrypts."""

    AGE = "age"
    OPENSSL = "openssl"


_MAGIC: Final = {
    b"age-encryption.org/": Method.AGE,
    b"-----BEGIN AGE ENCRYPTED FILE-----": Method.AGE,
    b"Salted__": Method.OPENSSL,
}


@dataclass(frozen=True, slots=True)
class Cipher:
    """A method and the file with its key."""

    method: Method
    key_file: Path

    def encrypting(self) -> list[str]:
        """Return the command that encrypts its input; raises SyncError where program or key cannot be used."""
        program, content = _program(self.method), _read_key(self.key_file)
        if self.method is Method.AGE:
            private = any(mark in content for mark in _PRIVATE)
            if private:
                _refuse_shared(self.key_file)
            return [program, "--encrypt", "--identity" if private else "--recipients-file", str(self.key_file)]
        return [program, *_OPENSSL[1:], "-pass", self._passphrase(content)]

    def decrypting(self) -> list[str]:
        """Return the command that decrypts its input; raises as `encrypting` does."""
        program, content = _program(self.method), _read_key(self.key_file)
        if self.method is Method.AGE:
            if not any(mark in content for mark in _PRIVATE):
                raise SyncError(
                    f"{self.key_file} holds no private key; give the identity file that age-keygen has made"
                )
            _refuse_shared(self.key_file)
            return [program, "--decrypt", "--identity", str(self.key_file)]
        return [program, *_OPENSSL[1:], "-d", "-pass", self._passphrase(content)]

    def _passphrase(self, content: bytes) -> str:
        _refuse_shared(self.key_file)
        if not content.split(b"\n", 1)[0].strip():
            raise SyncError(f"{self.key_file} has no key in its first line; make one: openssl rand -base64 32 > FILE")
        return f"file:{self.key_file}"


def method_of(head: bytes) -> Method | None:
    """Return what a file that begins with `head` is encrypted with, None for a plain dump; raises SyncError for anything else."""
    for magic, method in _MAGIC.items():
        if head.startswith(magic):
            return method
    if head.startswith(PLAIN_MAGIC):
        return None
    raise SyncError(
        "it is no dump in PostgreSQL's custom format, nor one encrypted with age or openssl; an SQL script is loaded with psql"
    )


def _program(method: Method) -> str:
    found = shutil.which(method.value)
    if found is None:
        raise SyncError(f"{method.value} is not installed; the package is called {method.value} everywhere")
    return str(Path(found).absolute())


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SyncError(f"{path} is no regular file; the key is read from one")
            return file.read(_LONGEST)
    except OSError as error:
        raise SyncError(f"{path} cannot be read: {error.strerror}") from error


def _refuse_shared(path: Path) -> None:
    state = path.stat()
    if state.st_mode & _OTHERS:
        mode = stat.S_IMODE(state.st_mode)
        raise SyncError(f"{path} holds a secret and others can reach it (mode {mode:04o}); chmod 600 {path}")
