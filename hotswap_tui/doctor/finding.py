"""What the doctor says: one finding, its level, and the place where it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Level(IntEnum):
    """How bad it is; a greater one outranks a smaller one."""

    OK = 0
    NOTE = 1
    """Worth knowing; nothing has to be done."""
    WARNING = 2
    """A failover works, but worse than it could."""
    UNSEEN = 3
    """It could not be looked at."""
    PROBLEM = 4
    """A failover does not work, or does harm."""


class Group(StrEnum):
    """The sections of a report, in their order."""

    SETTINGS = "settings"
    FILES = "files"
    DATABASES = "databases"
    DATA = "data"
    GATEWAY = "gateway"
    ENGINE = "engine"


class Check(StrEnum):
    """What was looked at; the value is stable."""

    SETTINGS = "settings"
    TUNING = "tuning"
    LOOPS = "loops"
    HOOK = "hook"
    NOTIFY = "notify"
    API = "api"
    ENV_FILE = "env-file"
    GIT = "git"
    STATE_DIRECTORY = "state-directory"
    DISK = "disk"
    DNS = "dns"
    REACHABLE = "reachable"
    TLS = "tls"
    VERSION = "version"
    WRITABLE = "writable"
    CLOCK = "clock"
    PRIVILEGES = "privileges"
    CONNECTIONS = "connections"
    POOLER = "pooler"
    SAME_SERVER = "same-server"
    LATENCY = "latency"
    REPLICATION = "replication"
    SLOTS = "slots"
    SCHEMA = "schema"
    SEQUENCES = "sequences"
    GUARDS = "guards"
    GATEWAY = "gateway"
    GATEWAY_SETTINGS = "gateway-settings"
    GATEWAY_TARGET = "gateway-target"
    GATEWAY_HELD = "gateway-held"
    ENGINE = "engine"

    @property
    def group(self) -> Group:
        """Return the section it belongs to."""
        return _GROUPS[self]


_MEMBERS = {
    Group.SETTINGS: (Check.SETTINGS, Check.TUNING, Check.LOOPS, Check.HOOK, Check.NOTIFY, Check.API),
    Group.FILES: (Check.ENV_FILE, Check.GIT, Check.STATE_DIRECTORY, Check.DISK),
    Group.DATA: (Check.REPLICATION, Check.SLOTS, Check.SCHEMA, Check.SEQUENCES, Check.GUARDS),
    Group.GATEWAY: (Check.GATEWAY, Check.GATEWAY_SETTINGS, Check.GATEWAY_TARGET, Check.GATEWAY_HELD),
    Group.ENGINE: (Check.ENGINE,),
}
_GROUPS = dict.fromkeys(Check, Group.DATABASES) | {
    check: group for group, members in _MEMBERS.items() for check in members
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. Texts are single clean lines without secrets."""

    check: Check
    level: Level
    subject: str
    """What it is about: a database's role, a file, a setting, PgBouncer."""
    text: str
    fix: str = ""
    """What to do; empty where nothing has to be done."""


def worst(findings: Iterable[Finding]) -> Level:
    """Return the worst level, OK when there is nothing."""
    return max((finding.level for finding in findings), default=Level.OK)
