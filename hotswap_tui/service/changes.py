"""What differs between two readings of the settings, said without secrets, and what each difference needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from hotswap_tui.config.kept import changed, own

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap_tui.config import Loaded

_SECRETS: Final = frozenset({"HOTSWAP_TOKEN", "HOTSWAP_NOTIFY_URLS", "HOTSWAP_HEARTBEAT_URL"})
_GATEWAY: Final = "HOTSWAP_GATEWAY"


class Need(Enum):
    """What must be done for a change to take effect, the least first."""

    POLICY = 0
    """Decisions are made by it from now on."""
    HOST = 1
    """What stands around the engine is made anew."""
    ENGINE = 2
    """Another engine goes on from the journal."""
    RESTART = 3
    """Locks, sockets and rights belong to it: not while this program runs."""


_NEEDS: Final = {
    **dict.fromkeys(
        (
            "DATABASE_URL", "DATABASE_URL_SECONDARY", "DB_CONNECTION_TIMEOUT", "DB_WRITE_CHECK", "HOTSWAP_ON_SWITCH",
            "DB_SEQUENCE_GAP",
        ),
        Need.ENGINE,
    ),
    **dict.fromkeys(
        (
            "HOTSWAP_LISTEN", "HOTSWAP_TOKEN", "HOTSWAP_ALLOWED_HOSTS", "HOTSWAP_NOTIFY_URLS", "HOTSWAP_HEARTBEAT_URL",
            "HOTSWAP_HEARTBEAT_INTERVAL",
        ),
        Need.HOST,
    ),
    # Who only observes has not taken the gateway's lock.
    **dict.fromkeys((_GATEWAY, "HOTSWAP_GROUP", "HOTSWAP_OBSERVE", "HOTSWAP_STATE_DIR"), Need.RESTART),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One variable that has another value. `before` and `after` show no secret."""

    variable: str
    before: str
    after: str
    need: Need

    def __str__(self) -> str:
        return f"{self.variable} {self.before} → {self.after}"


def changes(before: Loaded, after: Loaded) -> tuple[Change, ...]:
    """Return what differs, in the order of the settings."""
    found = [
        Change(name, *_shown(name, before, after), _NEEDS.get(name, Need.POLICY))
        for name in before.sources
        if _value(before, name) != _value(after, name)
    ]
    if _same_place(before, after) and before.gateway != after.gateway:
        found.append(Change(_GATEWAY, "as it was", "made anew", Need.ENGINE))
    return tuple(found)


def needs(found: Iterable[Change]) -> frozenset[Need]:
    """Return what has to be done for all of `found`."""
    return frozenset(change.need for change in found)


def without_restart(before: Loaded, after: Loaded) -> Loaded:
    """Return `after` with what cannot change while this program runs as it was."""
    given = before.settings.by_variable()
    settings = changed(after.settings, {name: given[name] for name, need in _NEEDS.items() if need is Need.RESTART})
    return replace(after, settings=settings, gateway=after.gateway if _same_place(before, after) else before.gateway)


def _value(loaded: Loaded, name: str) -> object:
    """Return the value itself, with its secrets."""
    return own(loaded.settings.by_variable()[name])


def _same_place(before: Loaded, after: Loaded) -> bool:
    return _value(before, _GATEWAY) == _value(after, _GATEWAY)


def _shown(name: str, before: Loaded, after: Loaded) -> tuple[str, str]:
    olds, news = (_text(loaded.value(name), name) for loaded in (before, after))
    if olds == news:
        return olds, "another one" if name in _SECRETS else "the same with another secret"
    return olds, news


def _text(value: object, name: str) -> str:
    if value is None:
        return "not set"
    if name in _SECRETS:
        return "set"
    return str(int(value)) if isinstance(value, bool) else str(value)
