"""The settings. The docstring under each field is its documentation: the README's table is made of them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hotswap_tui.config import meaning
from hotswap_tui.config.kept import kept, own
from hotswap_tui.config.listen import ALLOWED, parse_listen
from hotswap_tui.config.state_dir import default_state_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.config.listen import Listen
    from hotswap_tui.core.policy import Policy

Profile = Literal["development", "production"]

PROFILES: Final[Mapping[Profile, Mapping[str, str]]] = {
    "development": {
        "DB_HEALTH_CHECK_INTERVAL": "10000",
        "DB_FAILURE_THRESHOLD": "2",
        "DB_PRIMARY_RETRY_INTERVAL": "60000",
    },
    "production": {
        "DB_HEALTH_CHECK_INTERVAL": "30000",
        "DB_FAILURE_THRESHOLD": "3",
        "DB_PRIMARY_RETRY_INTERVAL": "120000",
    },
}
"""The reference's recommended settings."""

_DAY_MS: Final = 86_400_000
_TEN_MINUTES_MS: Final = 600_000
_SHORTEST_TOKEN: Final = 16


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


def _command(value: str) -> str:
    if not shlex.split(value):
        raise ValueError
    return value


def _listen(value: str) -> str:
    parse_listen(value)
    return value


def _token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError
    return value


def _web_address(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError
    return value


Interval = Annotated[int, Field(ge=50, le=_DAY_MS)]
Count = Annotated[int, Field(ge=1, le=1000)]
Switch = Annotated[bool, BeforeValidator(_lower)]


class Settings(BaseSettings):
    """Hold every setting, checked. Durations are whole milliseconds; `policy()` has them in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr = Field(alias="DATABASE_URL")
    """Primary database connection string"""

    database_url_secondary: SecretStr | None = Field(default=None, alias="DATABASE_URL_SECONDARY")
    """Secondary database connection string - enables hot-swap when set"""

    health_check_interval_ms: Interval = Field(default=30_000, alias="DB_HEALTH_CHECK_INTERVAL")
    """Health check interval in milliseconds"""

    connection_timeout_ms: int = Field(default=5_000, ge=50, le=_TEN_MINUTES_MS, alias="DB_CONNECTION_TIMEOUT")
    """Connection timeout in milliseconds; connect and query together"""

    failure_threshold: Count = Field(default=3, alias="DB_FAILURE_THRESHOLD")
    """Number of failures before failover"""

    primary_retry_interval_ms: Interval = Field(default=120_000, alias="DB_PRIMARY_RETRY_INTERVAL")
    """Time between primary retry attempts when on secondary (ms)"""

    failure_retry_interval_ms: Interval = Field(default=5_000, alias="DB_FAILURE_RETRY_INTERVAL")
    """Time between checks of both databases from the first failure until it is confirmed or over (ms)"""

    recovery_threshold: Count = Field(default=2, alias="DB_RECOVERY_THRESHOLD")
    """Number of passed checks in a row before failback"""

    failback: Annotated[Literal["auto", "manual"], BeforeValidator(_lower)] = Field(default="auto", alias="DB_FAILBACK")
    """`auto` returns to the primary when it is healthy again, `manual` leaves that to a person"""

    max_switches_per_hour: Count = Field(default=6, alias="DB_MAX_SWITCHES_PER_HOUR")
    """Most automatic switches within an hour; failbacks stop first, so that they always leave one for a failover"""

    standby_check_interval_ms: Interval | None = Field(
        default=None, alias="DB_STANDBY_CHECK_INTERVAL", json_schema_extra={"shown": "*(the check interval)*"}
    )
    """Time between checks of the secondary while the primary serves (ms); \
a check keeps a Neon or Supabase database awake"""

    fresh_connect_every: Count = Field(default=10, alias="DB_FRESH_CONNECT_EVERY")
    """Every so many checks one opens a new connection, since a hung server keeps old sessions alive"""

    allow_read_only: Switch = Field(default=True, alias="DB_ALLOW_READ_ONLY")
    """`1` allows failover to a read-only secondary, `0` does not"""

    write_check: Switch = Field(default=False, alias="DB_WRITE_CHECK")
    """`1` checks the serving database with one UPDATE of a one-row table `hotswap_heartbeat`, too"""

    hold_max_ms: int = Field(default=15_000, ge=0, le=_TEN_MINUTES_MS, alias="DB_HOLD_MAX")
    """Longest time that clients are held while a failure is confirmed (ms); `0` holds nobody. Needs a gateway"""

    sync_check_interval_ms: int = Field(default=60_000, ge=0, le=_DAY_MS, alias="DB_SYNC_CHECK_INTERVAL")
    """Time between looks at what the two databases have in common (ms), at the secondary never more often than it is checked; \
`0` never looks"""

    max_lag_ms: int | None = Field(default=None, ge=0, le=_DAY_MS, alias="DB_MAX_LAG")
    """Most milliseconds of writes that the secondary may lack for an automatic failover to it"""

    failback_guard: Annotated[Literal["warn", "block"], BeforeValidator(_lower)] = Field(
        default="warn", alias="DB_FAILBACK_GUARD"
    )
    """`warn` says what an automatic failback leaves behind, `block` makes none unless it is proven that nothing is lost"""

    sequence_gap: int = Field(default=1_000, ge=0, le=1_000_000_000, alias="DB_SEQUENCE_GAP")
    """How far sequences are moved ahead on a failover under logical replication, which does not carry them"""

    primary_url_from_secondary: SecretStr | None = Field(default=None, alias="DB_PRIMARY_URL_FROM_SECONDARY")
    """Connection string by which the secondary's server reaches the primary, where `DATABASE_URL` says `localhost` or a name of \
the local network; for `sync setup`"""

    gateway: Annotated[Path, AfterValidator(_absolute)] | None = Field(default=None, alias="HOTSWAP_GATEWAY")
    """Directory of the gateway that moves traffic, as `gateway init` makes it; \
read from the environment or `--env-file` only"""

    on_switch: Annotated[str, AfterValidator(_command)] | None = Field(
        default=None,
        alias="HOTSWAP_ON_SWITCH",
        json_schema_extra={"allowed": "must be a program and its arguments, quoted as for a shell"},
    )
    """Program to run after each switch, with its arguments and without a shell; \
read from the environment or `--env-file` only"""

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        default="127.0.0.1:8484", alias="HOTSWAP_LISTEN", json_schema_extra={"allowed": ALLOWED}
    )
    """Address of the HTTP API, or `off`; beyond loopback it needs `HOTSWAP_TOKEN`"""

    token: Annotated[SecretStr, AfterValidator(_token)] | None = Field(
        default=None,
        alias="HOTSWAP_TOKEN",
        json_schema_extra={"allowed": f"must be at least {_SHORTEST_TOKEN} printable ASCII characters without spaces"},
    )
    """Secret that readers of the HTTP API send as `Authorization: Bearer …`; \
read from the environment or `--env-file` only"""

    allowed_hosts: str | None = Field(default=None, alias="HOTSWAP_ALLOWED_HOSTS")
    """Names, separated by commas, under which the HTTP API may be asked beyond loopback, besides its own address"""

    notify_urls: SecretStr | None = Field(default=None, alias="HOTSWAP_NOTIFY_URLS")
    """Apprise URLs, separated by spaces, that are told what happens (Discord, Slack, ntfy, e-mail, …); \
read from the environment or `--env-file` only"""

    heartbeat_url: Annotated[SecretStr, AfterValidator(_web_address)] | None = Field(
        default=None,
        alias="HOTSWAP_HEARTBEAT_URL",
        json_schema_extra={"allowed": "must be an http:// or https:// address"},
    )
    """Address that is asked for while all is well, so that a dead-man's switch elsewhere notices when it is not"""

    heartbeat_interval_ms: int = Field(default=60_000, ge=1_000, le=_DAY_MS, alias="HOTSWAP_HEARTBEAT_INTERVAL")
    """Time between these requests (ms)"""

    observe: Switch = Field(default=False, alias="HOTSWAP_OBSERVE")
    """`1` decides, logs and counts what it would do, and never acts"""

    group: str | None = Field(default=None, alias="HOTSWAP_GROUP")
    """Group whose members may attach to the engine and act, besides its own user and root; \
for a service, whose control socket lies in `/run`"""

    state_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default_factory=default_state_dir,
        alias="HOTSWAP_STATE_DIR",
        json_schema_extra={"shown": "*(the user's state directory; as root `/var/lib/hotswap-tui`)*"},
    )
    """Directory of the journal; read from the environment, `--env-file` or the command line only"""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take nothing ambient: `load` merges the sources itself, because it tells where every value came from."""
        return (init_settings,)

    def policy(self) -> Policy:
        """Return what decisions need, in seconds."""
        return meaning.policy(self)

    def address(self) -> Listen | None:
        """Return where the HTTP API listens, None where it is off."""
        return meaning.address(self)

    def hosts(self) -> tuple[str, ...]:
        """Return the names that HOTSWAP_ALLOWED_HOSTS gives, in lower case."""
        return meaning.hosts(self)

    def notification_urls(self) -> tuple[SecretStr, ...]:
        """Return the Apprise URLs; empty where nobody is told."""
        return meaning.notification_urls(self)

    def on_switch_arguments(self) -> tuple[str, ...]:
        """Return what runs after each switch, the program first; empty when nothing does."""
        return meaning.on_switch_arguments(self)

    def by_variable(self) -> dict[str, Any]:
        """Return every value by the name of its variable."""
        return {field.alias or name: getattr(self, name) for name, field in type(self).model_fields.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross into another process as `Kept`, which needs no pydantic."""
        aliases = {name: field.alias or name for name, field in type(self).model_fields.items()}
        return kept, (aliases, {name: own(value) for name, value in self})


def variables() -> dict[str, Any]:
    """Return the fields by the name of their variable, in order."""
    return {field.alias or name: field for name, field in Settings.model_fields.items()}
