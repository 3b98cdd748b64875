"""What a connection string says, as values. Nothing here reads the environment or the network."""

from __future__ import annotations

import math
import os
import pwd
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pydantic import SecretStr

TlsMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
ChannelBinding = Literal["disable", "prefer", "require"]

DEFAULT_PORT: Final = 5432

# libpq takes what a caller leaves out from PG* variables; a value given here, even an empty one, keeps it from that.
# Only keywords that libpq 16 knows: an older library refuses a newer one's. PGSERVICE cannot be kept out this way.
_NEUTRAL: Final[dict[str, str | int]] = {
    "hostaddr": "",
    "client_encoding": "",
    "sslcompression": "0",
    "sslcertmode": "allow",
    "sslcrldir": "",
    "requirepeer": "",
    "require_auth": "!sspi",  # every method but that of Windows; an empty list would refuse all
    "gssencmode": "disable",
    "krbsrvname": "postgres",
    "gsslib": "",
    "gssdelegation": "0",
    "load_balance_hosts": "disable",
}


class DsnError(ValueError):
    """Say in one line what is wrong with a connection string and what to do; never shows a part of the password."""


@dataclass(frozen=True, slots=True)
class Address:
    """Name one place where a server listens; a `host` that starts with `/` or `@` is a Unix socket's directory."""

    host: str
    port: int = DEFAULT_PORT

    @property
    def is_socket(self) -> bool:
        """Say whether this is a Unix socket."""
        return self.host.startswith(("/", "@"))

    def __str__(self) -> str:
        """Return `localhost:5432`, `[::1]:5432` or `/run/postgresql:5432`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tls:
    """Say how a connection is encrypted and what is verified, in libpq's terms (its manual, "SSL Support").

    `root_cert` may be `system`. `require` with a `root_cert` has become `verify-ca`, as libpq reads it.
    """

    mode: TlsMode = "prefer"
    root_cert: str | None = None
    cert: str | None = None
    key: str | None = None
    key_password: SecretStr | None = None
    crl: str | None = None
    sni: bool = True
    min_version: str | None = None
    max_version: str | None = None
    direct: bool = False
    """`sslnegotiation=direct`: TLS from the first byte (PostgreSQL 17)."""


@dataclass(frozen=True, slots=True)
class Dsn:
    """Hold a connection string that has been read and checked; its repr and `masked()` show no secret."""

    addresses: tuple[Address, ...]
    user: str | None = None
    password: SecretStr | None = None
    database: str | None = None
    tls: Tls = field(default_factory=Tls)
    application_name: str | None = None
    channel_binding: ChannelBinding | None = None
    server_settings: tuple[tuple[str, str], ...] = ()
    """Run-time parameters for the session: from `options`, Prisma's `schema`, and those named in the query."""
    options: str | None = None
    """libpq's `options` as written and whole, Neon's `endpoint=...` included."""
    connect_timeout_s: float | None = None
    target_session_attrs: str = "any"
    passfile: str | None = None
    extras: tuple[tuple[str, str], ...] = ()
    """Other libpq keywords, which only libpq understands."""
    notes: tuple[str, ...] = ()
    """What was set aside or read in a way that may surprise, one sentence each, without secrets."""
    masked_text: str = field(default="", compare=False)

    @property
    def address(self) -> str:
        """Return `host:port`, several joined by commas."""
        return ",".join(map(str, self.addresses))

    @property
    def identity(self) -> str:
        """Return `host:port/database` for comparing pairs: host names in lower case, no user, no secret.

        Some poolers tell tenants apart by user name or `options` alone, so equal identities may be two databases.
        """
        places = (Address(_canonical_host(a.host), a.port) for a in self.addresses)
        return f"{','.join(map(str, places))}/{self.database or ''}"

    def masked(self) -> str:
        """Return the connection string for people, as it was written, with `****` for every secret."""
        return self.masked_text

    def login_user(self) -> str:
        """Return the user, or as libpq does the name of the user that runs this program; no environment variable counts."""
        if self.user:
            return self.user
        try:
            return pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            raise DsnError(
                "no user is named, and the user that runs this program has no name; add one: user@host"
            ) from None

    def login_database(self) -> str:
        """Return the database, or as libpq does one named like the user."""
        return self.database or self.login_user()

    def conninfo(self) -> dict[str, str | int]:
        """Return keywords for `psycopg.conninfo.make_conninfo("", **...)`, complete, so that ambient `PG*` variables change nothing."""
        return {
            **_NEUTRAL,
            **dict(self.extras),
            **self._tls_keywords(),
            "host": ",".join(a.host for a in self.addresses),
            "port": ",".join(str(a.port) for a in self.addresses),
            "user": self.login_user(),
            "password": self.password.get_secret_value() if self.password else "",
            "passfile": self.passfile or "",
            "dbname": self.login_database(),
            "options": self._options_with_settings(),
            "application_name": self.application_name or "",
            "channel_binding": self.channel_binding or "prefer",
            "connect_timeout": math.ceil(self.connect_timeout_s or 0),
            "target_session_attrs": self.target_session_attrs,
        }

    def _tls_keywords(self) -> dict[str, str | int]:
        tls = self.tls
        keywords: dict[str, str | int] = {
            "sslmode": tls.mode,
            "sslrootcert": tls.root_cert or "",
            "sslcert": tls.cert or "",
            "sslkey": tls.key or "",
            "sslpassword": tls.key_password.get_secret_value() if tls.key_password else "",
            "sslcrl": tls.crl or "",
            "sslsni": int(tls.sni),
            "ssl_min_protocol_version": tls.min_version or "TLSv1.2",
            "ssl_max_protocol_version": tls.max_version or "",
        }
        return keywords | {"sslnegotiation": "direct"} if tls.direct else keywords

    def _options_with_settings(self) -> str:
        given = self.options or ""
        stated = split_options(given)
        missing = (pair for pair in self.server_settings if pair not in stated)
        return " ".join(filter(None, (given, *(f"-c {name}={_escape_option(value)}" for name, value in missing))))


def split_options(options: str) -> tuple[tuple[str, str], ...]:
    """Return the run-time parameters in libpq's `options`: `-c a=b`, `-ca=b` and `--a=b`; other words are left out.

    Words are separated by blanks, a backslash takes the next character as it is (PostgreSQL's pg_split_opts).
    """
    words = iter(_split_words(options))
    settings: dict[str, str] = {}
    for word in words:
        if not word.startswith(("-c", "--")):
            continue
        name, equals, value = (next(words, "") if word == "-c" else word[2:]).partition("=")
        if equals and name:
            settings[name.replace("-", "_")] = value
    return tuple(settings.items())


def _split_words(options: str) -> list[str]:
    words: list[str] = []
    word: str | None = None
    characters = iter(options)
    for character in characters:
        if character.isspace():
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + (next(characters, "") if character == "\\" else character)
    return words if word is None else [*words, word]


def _escape_option(value: str) -> str:
    return "".join("\\" + c if c.isspace() or c == "\\" else c for c in value)


def _canonical_host(host: str) -> str:
    if host.startswith("/"):
        path = host.rstrip("/") or "/"
        return path.removeprefix("/var") if path.startswith("/var/run/") else path
    return host.lower().rstrip(".")
