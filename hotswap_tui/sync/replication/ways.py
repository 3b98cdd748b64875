"""The ways that writes take between the two databases: what carries each of them is called, and how one server reaches the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg.conninfo import make_conninfo

from hotswap_tui.core.values import Role
from hotswap_tui.dsn import MASK
from hotswap_tui.dsn.parameters import SECRET
from hotswap_tui.dsn.secret import SecretStr

if TYPE_CHECKING:
    from hotswap_tui.dsn import Dsn

_LONGEST: Final = 63
"""Bytes of a name (NAMEDATALEN)."""
_NOT_IN_A_SLOT: Final = re.compile(r"[^a-z0-9_]")

# What makes a session of an application, or is this machine's own default; the subscription's server has its own.
_LEFT_OUT: Final = frozenset(
    {"options", "application_name", "client_encoding", "connect_timeout", "fallback_application_name"}
)


@dataclass(frozen=True, slots=True)
class Way:
    """Writes go from `source` to the other database."""

    source: Role
    publication: str
    """On the source."""
    subscription: str
    """On the target."""
    slot: str
    """On the source; the subscription's, in the characters that a slot's name may have."""
    source_dsn: Dsn
    target_dsn: Dsn
    route: Dsn
    """How the target's server reaches the source's."""
    two_way: bool = False

    @property
    def target(self) -> Role:
        """Return where the writes go."""
        return self.source.other

    @property
    def back(self) -> bool:
        """Say whether this leads from the secondary to the primary."""
        return self.source is Role.SECONDARY

    @property
    def variable(self) -> str:
        """Name the setting that gives `route`."""
        if self.back:
            return "DATABASE_URL_SECONDARY"
        return "DATABASE_URL" if self.route == self.source_dsn else "DB_PRIMARY_URL_FROM_SECONDARY"

    def conninfo(self, application_name: str = "") -> SecretStr:
        """Return the connection string that the target's server is to use, in libpq's keyword form, secrets included."""
        return SecretStr(make_conninfo("", **self._keywords(application_name)))

    def masked_conninfo(self) -> str:
        """Return it for people."""
        keywords = self._keywords("")
        return make_conninfo("", **{key: MASK if key in SECRET else value for key, value in keywords.items()})

    def _keywords(self, application_name: str) -> dict[str, str]:
        """Return what a person has stated, and nothing that is only our own default: an older server refuses what it does not know."""
        stated = {key: str(value) for key, value in self.route.conninfo().items() if key not in _LEFT_OUT}
        plain = {key: value for key, value in stated.items() if value != _DEFAULTS.get(key, "")}
        return {**plain, "application_name": application_name or self.subscription}


# As `Dsn.conninfo` gives them where nothing was stated, and libpq takes them by itself.
_DEFAULTS: Final = {
    "sslcompression": "0",
    "sslcertmode": "allow",
    "require_auth": "!sspi",
    "gssencmode": "disable",
    "krbsrvname": "postgres",
    "gssdelegation": "0",
    "load_balance_hosts": "disable",
    "sslsni": "1",
    "ssl_min_protocol_version": "TLSv1.2",
    "channel_binding": "prefer",
    "target_session_attrs": "any",
}


def ways(primary: Dsn, secondary: Dsn, from_secondary: Dsn | None = None, *, two_way: bool = False) -> tuple[Way, ...]:
    """Return the way from the primary to the secondary and, with `two_way`, the one back; all are named after the primary's database.

    `cc_financial_pub` and `cc_financial_sub` are the names in the reference.
    """
    database = primary.login_database()
    there = Way(
        Role.PRIMARY, *_names(database, ""), primary, secondary, route=from_secondary or primary, two_way=two_way
    )
    back = Way(Role.SECONDARY, *_names(database, "_back"), secondary, primary, route=secondary, two_way=True)
    return (there, back) if two_way else (there,)


def _names(database: str, infix: str) -> tuple[str, str, str]:
    subscription = _cut(database, f"{infix}_sub")
    slot = _cut(_NOT_IN_A_SLOT.sub("_", database.lower()), f"{infix}_sub")
    return _cut(database, f"{infix}_pub"), subscription, slot


def _cut(name: str, suffix: str) -> str:
    """Return both in at most 63 bytes, as the server would otherwise cut the end."""
    room = _LONGEST - len(suffix)
    return name.encode()[:room].decode(errors="ignore") + suffix
