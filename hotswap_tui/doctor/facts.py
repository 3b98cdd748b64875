"""What was seen, before anybody judges it. Plain values; texts of servers are cleaned already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hotswap_tui.core.policy import Policy
    from hotswap_tui.core.sync import Mark, SyncReading
    from hotswap_tui.core.traffic import Identity
    from hotswap_tui.core.values import Role, Verdict
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.layout import Gateway
    from hotswap_tui.routing.readings import Pointing


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a host name stands for."""

    host: str
    addresses: tuple[str, ...] = ()
    """In the system's order."""
    took_s: float = 0.0
    error: str = ""
    """Why there is none; empty when there is one."""
    ipv6_route: bool = True
    """Whether this machine could send to its first IPv6 address; True where it has none."""

    @property
    def ipv6_only(self) -> bool:
        """Say whether no address is one of IPv4."""
        return bool(self.addresses) and all(":" in address for address in self.addresses)


@dataclass(frozen=True, slots=True)
class Encryption:
    """TLS as this side of the connection has it."""

    version: str
    cipher: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A server's clock against this machine's."""

    ahead_s: float
    """How far the server's is ahead; negative when it is behind."""
    uncertainty_s: float
    """Half the round trip in which it was read."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a server tells a role about itself and that role."""

    version_number: int
    """As in server_version_num: 150006."""
    user: str
    superuser: bool
    password_ends_s: float | None
    """When the role's password expires, seconds since 1970; None: never."""
    reserved: int
    """Connections that only others may use."""
    role_limit: int
    """Connections that the role may have; -1: any number."""
    role_connections: int
    tables: int
    """Tables of the application in this database."""
    may_beat: bool
    """Whether the write check's table can be written, or made."""
    server_tls: bool
    """Whether the server itself sees TLS, which may end before it."""
    pooler: str
    """What answers instead of the server itself: `PgBouncer` or `a pooler`; empty when the server does."""
    encryption: Encryption | None
    """None: in plain text."""
    clock: Clock


@dataclass(frozen=True, slots=True)
class Look:
    """Everything about one database."""

    role: Role
    dsn: Dsn
    verdict: Verdict
    """The engine's own check."""
    lookups: tuple[Lookup, ...] = ()
    identity: Identity | None = None
    details: Details | None = None
    trouble: str = ""
    """Why a server that answers could not be looked at further."""
    local: bool = False
    """Whether all its addresses belong to this machine."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription on one of the two databases."""

    role: Role
    """Where it is."""
    name: str
    enabled: bool
    slot: str
    slot_there: bool = True
    """Whether the other database's server has that slot; True where that one was not asked."""
    slot_lost: bool = False
    own: bool = True
    """Whether it has the name that `sync setup` gives."""
    books: tuple[str, ...] = ()
    """Tables that it takes, and in which migration tools note what they have done."""


@dataclass(frozen=True, slots=True)
class DataLook:
    """What the two databases have in common."""

    reading: SyncReading
    asked: frozenset[Role]
    """Those that answered before; nothing is known of the other."""
    serving: Role
    """Which one serves, as far as anybody has told."""
    subscribed: tuple[Subscribed, ...] = ()
    immovable: tuple[str, ...] = ()
    """Sequences of the one that does not serve which its role may not move."""
    tells_standby: bool = True
    """Whether the primary tells this role how far a standby has replayed."""


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A dotenv file that is read."""

    path: Path
    complaints: tuple[str, ...] = ()
    """What reading it said already."""
    secret: bool = False
    """Whether it holds a connection string or another secret."""
    git: str = ""
    """`tracked`, `exposed` (neither tracked nor ignored), `ignored`, `unknown`, or empty where there is no repository."""
    git_trouble: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory that is written to."""

    path: Path
    exists: bool
    mode: int = 0
    owner: str = ""
    ours: bool = True
    """Whether it belongs to the user who looks."""
    writable: bool = True
    free_bytes: int = 0
    free_inodes: int | None = None
    """None where the file system counts none."""
    hidden: bool = False
    """Whether this user may not even see it."""
    nearest: str = ""
    """The part of the path that exists."""


@dataclass(frozen=True, slots=True)
class GatewayLook:
    """PgBouncer as its console and a question through it show it."""

    gateway: Gateway
    error: str = ""
    """Why the console could not be asked; empty when it could."""
    forbidden: bool = False
    """Whether that is because this user may not reach it."""
    version: tuple[int, ...] = ()
    config: Mapping[str, str] | None = None
    pointing: Pointing | None = None
    paused: bool = False
    hold_note: bool = False
    clients: int = 0
    target_text: str = field(default="", repr=False)
    """The target file; empty when it could not be read. It holds a password."""
    target_error: str = ""
    answered: Identity | None = None
    """Who answers the application."""
    canary_error: str = ""
    looped: tuple[Role, ...] = ()
    """The databases whose connection strings lead back to this PgBouncer."""


@dataclass(frozen=True, slots=True)
class EngineLook:
    """Who controls a directory, and what its journal remembers."""

    directory: Path
    locked: bool = False
    holder: str = ""
    """Who holds the lock, `pid 812, hotswap-tui serve`; empty when nobody does, or has not said it yet."""
    trouble: str = ""
    """Why that cannot be seen."""
    elsewhere: str = ""
    """Where the control socket is of an engine with another state directory; empty when none answers."""
    policy: Policy | None = None
    """What the engine runs with; None when it was not asked, or did not answer."""
    urls: Mapping[Role, str] = field(default_factory=dict)
    """Its connection strings, masked."""
    journal_trouble: str = ""
    """Why the journal cannot be read, though there is one."""
    failovers_in_hour: int = 0
    disarmed: str = ""
    """Who has turned automatic switching off, and why; empty while it is on."""
    serving: Role | None = None
    """Which database served last, as the journal remembers it; None where there is none."""
    mark: Mark | None = None
    """Where the secondary stood when traffic was moved to it, as the journal remembers it."""
    active: Role | None = None
    """Which database serves, as the engine says; None when it was not asked, or did not answer."""
    sync: SyncReading | None = None
    """What the engine has found out about the pair."""
    sync_age_s: float = 0.0
