"""The password file that a connection string names (libpq's manual, "The Password File"); never the ambient one."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.dsn import Address

_FIELD = re.compile(r"((?:[^:\\]|\\.)*)(?::|$)")
_ESCAPED = re.compile(r"\\(.)")


def find_password(path: str, address: Address, database: str, user: str) -> str:
    """Return the password of the first line that matches, empty when there is none.

    As in libpq, a file that others can read counts for nothing, and a Unix socket is called `localhost`.
    """
    file = Path(path)
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return ""
        lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    wanted = ("localhost" if address.is_socket else address.host, str(address.port), database, user)
    return next((password for line in lines if (password := _match(line, wanted)) is not None), "")


def _match(line: str, wanted: tuple[str, str, str, str]) -> str | None:
    if line.startswith("#"):
        return None
    fields = [_ESCAPED.sub(r"\1", field) for field in _FIELD.findall(line)]
    if len(fields) <= len(wanted):
        return None
    fits = all(have in {"*", want} for have, want in zip(fields, wanted, strict=False))
    return fields[len(wanted)] if fits else None
