"""End a hold with as little as it takes, for the guard: `python -m hotswap_tui.routing.resume DIR TOKEN`.

Clients wait until it has started, and the drivers alone take longer to import than all of it takes to run. So it speaks to the
console of a gateway that `gateway init` has made (Unix socket, SCRAM-SHA-256: RFC 7677) with the standard library. Whatever is
not as simple as that it leaves to `gateway release`, with the note.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from hotswap_tui.routing import note
from hotswap_tui.routing.layout import CONSOLE, DESCRIPTION, HOLD_NOTE
from hotswap_tui.routing.note import NoteError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from hotswap_tui.routing.note import Note

_ANSWER_S: Final = 2.0
_VERSION: Final = 3 << 16
_OK, _SASL, _SASL_CONTINUE, _SASL_FINAL = 0, 10, 11, 12
_MECHANISM: Final = b"SCRAM-SHA-256"
_NOT_PAUSED: Final = "pooler is not paused/suspended"


class NotSimpleError(Exception):
    """The console is not one of the simple kind, or does not do what it is told."""


class Wire:
    """One connection to PgBouncer's console. Its methods raise NotSimpleError and OSError."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_ANSWER_S)
        self._stream: BinaryIO = self._socket.makefile("rb")

    def log_in(self, path: str, user: str, password: str) -> None:
        """Log in."""
        self._socket.connect(path)
        words = b"user\0%b\0database\0%b\0\0" % (user.encode(), CONSOLE.encode())
        self._socket.sendall(struct.pack("!ii", len(words) + 8, _VERSION) + words)
        self._prove(password)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
        self._socket.close()

    def complaint(self, command: str) -> str:
        """Give one command and return PgBouncer's complaint, empty where it has none."""
        self._send(b"Q", command.encode() + b"\0")
        return self._until_ready()

    def _prove(self, password: str) -> None:
        nonce = base64.b64encode(os.urandom(18))
        first = b"n=,r=" + nonce
        code, _ = self._asked()
        if code == _SASL:
            self._send(b"p", _MECHANISM + b"\0" + struct.pack("!i", len(first) + 3) + b"n,," + first)
            challenge = self._expect(_SASL_CONTINUE)
            if not challenge.startswith(b"r=" + nonce):
                raise NotSimpleError
            answer, signature = scram_answer(password, first, challenge)
            self._send(b"p", answer)
            if not hmac.compare_digest(self._expect(_SASL_FINAL), b"v=" + signature):
                raise NotSimpleError
            code, _ = self._asked()
        if code != _OK or self._until_ready():
            raise NotSimpleError

    def _expect(self, wanted: int) -> bytes:
        code, rest = self._asked()
        if code != wanted:
            raise NotSimpleError
        return rest

    def _asked(self) -> tuple[int, bytes]:
        kind, body = self._receive()
        if kind != b"R":
            raise NotSimpleError
        return int.from_bytes(body[:4], "big"), body[4:]

    def _until_ready(self) -> str:
        complaint = ""
        while True:
            kind, body = self._receive()
            if kind == b"Z":
                return complaint
            if kind == b"E":
                fields = body.decode(errors="replace").split("\0")
                complaint = next((field[1:] for field in fields if field.startswith("M")), "refused")

    def _send(self, kind: bytes, body: bytes) -> None:
        self._socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def _receive(self) -> tuple[bytes, bytes]:
        head = self._stream.read(5)
        if len(head) < 5:
            raise NotSimpleError
        return head[:1], self._stream.read(int.from_bytes(head[1:], "big") - 4)


def scram_answer(password: str, first: bytes, challenge: bytes) -> tuple[bytes, bytes]:
    """Return the client's last message, and the signature that the server must show then (RFC 5802, section 3)."""
    fields = dict(part.split(b"=", 1) for part in challenge.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields[b"s"]), int(fields[b"i"]))
    client = hmac.digest(salted, b"Client Key", "sha256")
    final = b"c=biws,r=" + fields[b"r"]
    text = b",".join((first, challenge, final))
    signature = hmac.digest(hashlib.sha256(client).digest(), text, "sha256")
    proof = bytes(one ^ other for one, other in zip(client, signature, strict=True))
    server = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), text, "sha256")
    return final + b",p=" + base64.b64encode(proof), base64.b64encode(server)


def resume(directory: Path, token: str) -> bool:
    """End the hold of this name and return whether nothing is left to do; what remains, the note says as before.

    Raises NotSimpleError, NoteError, OSError.
    """
    found = note.read(directory / HOLD_NOTE)
    if found is None or found.token != token:
        return True
    if found.settings:
        return False  # a RELOAD takes changed time-outs back without telling which were ours
    _release(directory, token)
    return _settled(directory / HOLD_NOTE, found)


def _release(directory: Path, token: str) -> None:
    url = urlsplit(json.loads((directory / DESCRIPTION).read_text(encoding="utf-8"))["console"])
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    host = query.get("host", "")
    if url.hostname or not host.startswith("/"):
        raise NotSimpleError
    wire = Wire()
    try:
        wire.log_in(f"{host}/.s.PGSQL.{query['port']}", unquote(url.username or ""), unquote(url.password or ""))
        wire.complaint("RELOAD")  # a broken target file must not keep clients waiting
        still = note.read(directory / HOLD_NOTE)
        if still is None or still.token != token:
            return  # what is paused now is another hold's
        if wire.complaint("RESUME") not in {"", _NOT_PAUSED}:
            raise NotSimpleError
    finally:
        wire.close()


def _settled(path: Path, found: Note) -> bool:
    if found.leaving:
        return False
    still = note.read(path)
    if still is not None and still.token == found.token:
        note.remove(path)
    return True


def main(arguments: Sequence[str]) -> int:
    """End a hold, and return 0 when nothing is left to do, else 1."""
    directory, token = arguments
    try:
        return 0 if resume(Path(directory), token) else 1
    except (NotSimpleError, NoteError, OSError, KeyError, ValueError):
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
