"""The services that are told, by names that give no secret away, and what kept one from taking a message."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from hotswap_tui.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

UNKNOWN: Final = "Apprise does not understand its URL"
"""The one reason that no other try can change."""

_REAL_HOSTS: Final = frozenset(
    f"{scheme}{secure}"
    for scheme in (
        "apprise",
        "form",
        "gotify",
        "hassio",
        "json",
        "mmost",
        "mqtt",
        "nctalk",
        "ncloud",
        "xml",
    )
    for secure in ("", "s")
) | {"mailto", "mailtos", "syslog", "http", "https"}
"""Where the host of an Apprise URL is one: elsewhere a token may stand in its place (discord, matrix, rocket, slack)."""
_NTFY: Final = frozenset({"ntfy", "ntfys"})
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}):/?/?")

_REASONS: Final[Mapping[re.Pattern[str], str]] = {
    re.compile(pattern, re.IGNORECASE): words
    for pattern, words in (
        (r"connection refused|errno 111", "connection refused"),
        (r"certificate|\bssl\b|\btls\b|sslerror", "TLS failure"),
        (r"name or service not known|name resolution|nameresolution|no address associated|nodename", "name not found"),
        (r"timed out|time-?out", "timeout"),
        (r"unreachable|no route to host", "host unreachable"),
        (r"connection aborted|reset by peer|remotedisconnected|remote end closed|broken pipe", "connection lost"),
        (r"authentication|unauthori[sz]ed|\b535\b", "credentials refused"),
    )
}
"""What the words of Apprise and its libraries mean. They themselves may hold tokens, and go nowhere."""
_STATUS: Final = re.compile(r"\berror(?:\s*[=:]|\s+code\s*[=:]?)\s*\"?(\d{3})\b", re.IGNORECASE)


def service_name(url: str) -> str:
    """Return scheme and, where it is one, host: `json://127.0.0.1:8080`, `discord`, `an unreadable URL`."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        return "an unreadable URL"
    name = scheme[1].lower()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return name
    # Without a path, ntfy's host is the topic, which is as good as a password.
    real = name in _REAL_HOSTS or (name in _NTFY and parts.path.strip("/"))
    if not host or not real:
        return name
    shown = f"[{host}]" if ":" in host else host
    return clean(f"{name}://{shown}" + (f":{port}" if port else ""), 80)


def service_names(urls: Iterable[str]) -> list[str]:
    """Return a name for each URL, numbered where several would have the same."""
    names = [service_name(url) for url in urls]
    many, seen = Counter(names), Counter[str]()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} ({seen[name]})" if many[name] > 1 else name)
    return numbered


def reason(log: Sequence[str]) -> str:
    """Return in our own words why a service took nothing; `log` is what Apprise said about it."""
    text = "\n".join(log)
    for pattern, words in _REASONS.items():
        if pattern.search(text):
            return words
    status = _STATUS.search(text)
    return f"it answered {status[1]}" if status else "it did not take it"
