"""The URL form, read as libpq reads it (its manual, "Connection URIs"), and the characters that make it go wrong.

libpq ends the user part at the first `@` and the host at the first `/` or `?`. An unescaped one of these in a password
therefore gives a wrong host without any error, so it is refused here. Characters that libpq reads right and other
programs do not get a note.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

from hotswap_tui.dsn.model import DsnError
from hotswap_tui.dsn.parameters import SECRET, UNKNOWN, is_known

_SCHEMES: Final = ("postgresql", "postgres")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST_PORT: Final = re.compile(r"\[[^\]]*\](?::(?P<port6>.*))?|[^:\[\]]*(?::(?P<port>[^:]*))?")
_MISREAD_ELSEWHERE: Final = ":#[] "
_NO_AT: Final = "; a user and a password stand before an '@' and the host"
_PLAUSIBLE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,40}")
_NAMES: Final = {"user": "user name", "password": "password", "host": "host name", "dbname": "database name"}


def read_url(text: str) -> tuple[dict[str, str], list[str]]:
    """Return libpq's keywords as the URL `text` gives them, several hosts joined by commas, and notes. Raises `DsnError`."""
    scheme, _, rest = text.partition("://")
    notes = _check_scheme(scheme)
    _refuse_misread(rest)
    authority, path, query = split_rest(rest)
    userinfo, at, hosts = authority.rpartition("@")
    values = _read_hosts(hosts, has_user=bool(at))
    user, colon, password = userinfo.partition(":")
    notes += _password_notes(password)
    parts = {"user": user, "password": password if colon else "", "dbname": path}
    values |= {key: decode(value, _NAMES[key]) for key, value in parts.items() if value}
    pairs, more = _read_query(query)
    return values | pairs, notes + more


def split_rest(rest: str) -> tuple[str, str, str]:
    """Split what follows `://` into authority, path without its slash, and query."""
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    return authority, path, query


def hide_at_signs(text: str) -> str:
    """Escape every `@` in the query of a URL that `read_url` accepts, where it cannot belong to a password."""
    before, question, query = text.partition("?")
    return before + question + query.replace("@", "%40")


def decode(text: str, what: str) -> str:
    """Decode percent-escapes. Raises `DsnError`, which names `what`, on a stray `%`, a zero byte, or other than UTF-8."""
    if _STRAY_PERCENT.search(text):
        raise DsnError(f"the {what} seems to contain an unescaped '%'; write %25")
    try:
        plain = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise DsnError(
            f"the {what} contains escapes that are not UTF-8; write each byte of its UTF-8 form as %XX"
        ) from None
    if "\0" in plain:
        raise DsnError(f"the {what} contains %00, which PostgreSQL does not allow; remove it")
    return plain


def _check_scheme(scheme: str) -> list[str]:
    name, plus, driver = scheme.lower().removeprefix("jdbc:").partition("+")
    if name == "prisma":
        raise DsnError(
            "this is an address of Prisma Accelerate; give the database's own, which starts with postgresql://"
        )
    if name not in _SCHEMES:
        raise DsnError("the URL must start with postgresql:// or postgres://")
    if plus:
        return [f"'+{driver}' in the scheme names a driver and is set aside"]
    return ["'jdbc:' is set aside"] if scheme.lower().startswith("jdbc:") else []


def _refuse_misread(rest: str) -> None:
    authority, path, query = split_rest(rest)
    in_query = [pair for pair in query.split("&") if "@" in pair]
    foreign = any(not is_known(unquote(pair.partition("=")[0])) for pair in in_query)
    if "@" in path or foreign or (in_query and authority.endswith(":")):
        end = rest.rfind("@")
    elif authority.count("@") > 1:
        end = authority.rfind("@")
    else:
        return
    user, colon, password = rest[:end].partition(":")
    what, where = (
        ("password", password) if colon and not set(user) & set("@/?") else ("user name or password", rest[:end])
    )
    found = [c for c in "@/?#" if c in where]
    raise DsnError(f"the {what} seems to contain an unescaped {_listed(found)}; write {_listed_escapes(found)}")


def _listed(characters: list[str]) -> str:
    return " and ".join(f"'{c}'" for c in characters)


def _listed_escapes(characters: list[str]) -> str:
    return " and ".join(f"%{ord(c):02X}" for c in characters)


def _password_notes(password: str) -> list[str]:
    found = [c for c in _MISREAD_ELSEWHERE if c in password]
    if not found:
        return []
    found_text, escapes = _listed(found), _listed_escapes(found)
    return [f"the password contains an unescaped {found_text}, which some programs misread; write {escapes}"]


def _read_hosts(text: str, *, has_user: bool) -> dict[str, str]:
    hosts, ports = [], []
    for item in text.split(","):
        match = _HOST_PORT.fullmatch(item)
        if match is None:
            hint = "" if has_user else _NO_AT
            raise DsnError(f"the host cannot be read; an IPv6 address needs brackets, as in [::1]:5432{hint}")
        port = match["port"] or match["port6"] or ""
        hosts.append(_host_of(item))
        ports.append(check_port(port, has_user=has_user) if port else "")
    values = {"host": ",".join(hosts), "port": ",".join(ports) if any(ports) else ""}
    return {key: value for key, value in values.items() if value}


def _host_of(item: str) -> str:
    host = item[1 : item.index("]")] if item.startswith("[") else item.partition(":")[0]
    return decode(host, _NAMES["host"])


def check_port(text: str, *, has_user: bool = True) -> str:
    """Return `text` if it is a port's number. Raises `DsnError`, which does not show it: it may be a misplaced password."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return text
    hint = "" if has_user else _NO_AT
    raise DsnError(f"the port must be a whole number from 1 to 65535{hint}")


def _read_query(query: str) -> tuple[dict[str, str], list[str]]:
    values: dict[str, str] = {}
    notes: list[str] = []
    unknown: list[str] = []
    for pair in filter(None, query.split("&")):
        key, equals, value = pair.partition("=")
        if not equals:
            notes.append("a parameter without '=' is set aside")
            continue
        name = decode(key, "name of a parameter")
        if is_known(name):
            values[name] = decode(value, f"value of {name}")
        else:
            unknown.append(name)
    # After a secret in the query, an unknown name may be the rest of it behind an unescaped '&'.
    certain = SECRET.isdisjoint(values)
    return values, notes + [_unknown_note(name, certain=certain) for name in unknown]


def _unknown_note(name: str, *, certain: bool) -> str:
    if certain and _PLAUSIBLE_NAME.fullmatch(name):
        return f"{name} is not a parameter that any driver documents; set aside"
    return UNKNOWN
