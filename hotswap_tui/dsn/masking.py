"""Hiding of secrets in connection strings, whole or broken: what cannot be read for certain is not shown."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

from hotswap_tui.dsn.keywords import pairs
from hotswap_tui.dsn.model import DsnError
from hotswap_tui.dsn.parameters import SECRET, canonical, is_known

MASK: Final = "****"
_SCHEME: Final = re.compile(r"""(?:psql\s+)?["']?((?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]{0,30}://)""")
_USER: Final = re.compile(r"[\w.%+-]+")
_HOST: Final = r"(?:\[[0-9A-Fa-f:.%]+\]|[\w.%-]*)(?::\d{0,5})?"
_PLACE: Final = re.compile(rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?P<path>/[^?@#]*)?(?:\?(?P<query>.*))?", re.DOTALL)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def mask(text: str) -> str:
    """Return a connection string for people, every secret replaced by `****` and control characters removed.

    Works on any text: of what is neither URL nor keyword form, or is broken where a password may stand, less is shown.
    """
    plain = strip_controls(text).strip()
    if match := _SCHEME.match(plain):
        return match[1] + _mask_rest(plain[match.end() :].rstrip("\"'"))
    return _mask_keywords(plain) if "=" in plain else MASK if plain else ""


def strip_controls(text: str) -> str:
    """Return `text` without control, formatting and separator characters; line breaks and tabs become blanks."""
    spaced = (" " if c in "\t\n\r\v\f" else c for c in text)
    return "".join(c for c in spaced if unicodedata.category(c) not in _HIDDEN)


def _mask_rest(rest: str) -> str:
    userinfo, at, place = rest.rpartition("@")
    user, colon, _ = userinfo.partition(":")
    shown = user if not user or _USER.fullmatch(user) else MASK
    login = (shown + (f":{MASK}" if colon else "") + "@") if at else ""
    # Behind the start of a query, an '@' may be a piece of a secret, and what follows it the rest.
    in_query = "=" in userinfo.partition("?")[2]
    return login + (MASK if in_query else _mask_place(place))


def _mask_place(place: str) -> str:
    match = _PLACE.fullmatch(place)
    if match is None:
        return MASK
    query = match["query"]
    return match["hosts"] + (match["path"] or "") + (f"?{_mask_query(query)}" if query else "")


def _mask_query(query: str) -> str:
    return "&".join(_mask_pair(*pair.partition("=")) for pair in query.split("&"))


def _mask_pair(key: str, equals: str, value: str) -> str:
    name = unquote(key)
    if not equals or not is_known(name):
        return MASK
    return f"{key}={MASK if canonical(name) in SECRET else value}"


def _mask_keywords(text: str) -> str:
    shown: list[str] = []
    before_secret = 0
    try:
        for pair in pairs(text):
            secret = canonical(pair.key) in SECRET
            if not secret and is_known(pair.key):
                shown.append(text[pair.start : pair.end])
                before_secret += before_secret == len(shown) - 1
            else:
                shown.append(f"{pair.key}={MASK}" if secret else MASK)
    except DsnError:
        return " ".join([*shown[:before_secret], MASK])
    return " ".join(shown)
