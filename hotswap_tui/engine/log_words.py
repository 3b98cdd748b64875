"""Events in the words, marks and order of the reference's log. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.core.values import HOT_SWAP_HINT, Fault, Kind, Role, SwitchKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.values import Event

PREFIX: Final = "[DB Manager] "

OK: Final = "✅"
FAILED: Final = "❌"
WARNING: Final = "⚠️"
RETRYING: Final = "🔄"
ASCII_MARKS: Final = {OK: "+", FAILED: "x", f"{WARNING} ": "!", RETRYING: "~"}
"""For a stream that cannot show the marks. A warning sign is followed by two blanks since terminals draw it two wide."""

_EXACT: Final = {Fault.TIMEOUT: "Connection timeout", Fault.REFUSED: "Connection refused"}
"""The reference's own forms: no further words follow them."""


def initializing_lines(primary: str, secondary: str | None, interval_ms: int, threshold: int) -> list[str]:
    """Return the block that a log begins with; `primary` and `secondary` are masked connection strings."""
    hint = [] if secondary else [f"{PREFIX}{HOT_SWAP_HINT}"]
    return [
        f"{PREFIX}Initializing with configuration:",
        f"  Primary: {primary}",
        *([f"  Secondary: {secondary}"] if secondary else []),
        f"  Health check interval: {interval_ms}ms",
        f"  Failure threshold: {threshold}",
        *hint,
    ]


def reference_line(event: Event) -> str | None:
    """Return the line for `event`; None when it says nothing."""
    words = _WORDS.get(event.kind, _own_words)(event)
    return PREFIX + words if words else None


def _own_words(event: Event) -> str:
    return clean(event.text)


def _connected(event: Event) -> str:
    return f"{OK} Connected to {event.role} database" + (" (FAILOVER MODE)" if event.role is Role.SECONDARY else "")


def _check_failed(event: Event) -> str:
    return f"{FAILED} Failed to connect to {event.role} database: {_cause(event)}"


def _cause(event: Event) -> str:
    fault, error = Fault(str(event.data.get("fault") or Fault.UNKNOWN)), clean(str(event.data.get("error", "")))
    if fault in _EXACT:
        return _EXACT[fault]
    if fault is Fault.UNKNOWN:
        return error or "Unknown error"
    words = fault.words[0].upper() + fault.words[1:]
    says_no_more = error.rstrip(".").casefold() in {"", fault.words.casefold(), f"the database system is {fault.words}"}
    return words if says_no_more else f"{words} ({error})"


def _threshold(event: Event) -> str:
    count, threshold, target = (event.data.get(key, "?") for key in ("count", "threshold", "target"))
    return f"{WARNING}  Failure threshold reached ({count}/{threshold}), failing over to {target}"


def _switched(event: Event) -> str:
    if event.data.get("kind") == SwitchKind.REPAIR:
        return _own_words(event)
    if event.role is Role.PRIMARY and event.data.get("was_down"):
        return _reconnected(event)
    return _connected(event)


def _recovered(event: Event) -> str:
    # Without a failure before it there was no time down: a fault that does not count toward failover has ended.
    return _reconnected(event) if "down_s" in event.data else _own_words(event)


def _reconnected(event: Event) -> str:
    down_s = max(1, round(float(event.data.get("down_s", 0))))
    return f"{OK} {str(event.role).capitalize()} database reconnected (was down for {down_s}s)"


def _retrying(event: Event) -> str:
    return f"{RETRYING} Attempting to reconnect to {event.role} database..."


def _silence(_event: Event) -> None:
    """Say nothing: the reference's own lines before and after say it."""


def _switching(event: Event) -> str | None:
    return _own_words(event) if event.data.get("by") else None


def _standby_up(event: Event) -> str | None:
    return None if event.role is Role.PRIMARY else _own_words(event)


def _both_down(_event: Event) -> str:
    return "Error: Both primary and secondary databases are unavailable"


_WORDS: Final[Mapping[Kind, Callable[[Event], str | None]]] = {
    Kind.STARTED: _silence,
    Kind.CONNECTION_LOST: _silence,
    Kind.SWITCHING: _switching,
    Kind.STANDBY_UP: _standby_up,
    Kind.CONNECTED: _connected,
    Kind.CHECK_FAILED: _check_failed,
    Kind.THRESHOLD: _threshold,
    Kind.SWITCHED: _switched,
    Kind.RETRYING: _retrying,
    Kind.RECOVERED: _recovered,
    Kind.BOTH_DOWN: _both_down,
}
