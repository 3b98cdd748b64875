"""What loading the settings has led to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.config.settings import Settings
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.layout import Gateway

PRIMARY: Final = "DATABASE_URL"
SECONDARY: Final = "DATABASE_URL_SECONDARY"
FROM_SECONDARY: Final = "DB_PRIMARY_URL_FROM_SECONDARY"
_STANDBY_INTERVAL: Final = "DB_STANDBY_CHECK_INTERVAL"


class SettingsError(Exception):
    """Hold what is wrong with the settings, one line for each problem; never shows a password."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold the settings, the connection strings read, and where every value came from."""

    settings: Settings
    primary: Dsn
    secondary: Dsn | None
    sources: Mapping[str, str]
    """By variable: `command line`, `environment`, a file's name, `profile development` or `default`."""
    warnings: tuple[str, ...]
    """What is probably a mistake."""
    notes: tuple[str, ...]
    """What was set aside or replaced on purpose."""
    gateway: Gateway | None = None
    """What moves traffic; None: nothing does."""
    from_secondary: Dsn | None = None
    """How the secondary's server reaches the primary; None: by `primary` itself."""

    def value(self, name: str) -> object:
        """Return what is in force for the variable `name`, a connection string masked; None when there is nothing."""
        dsns = {PRIMARY: self.primary, SECONDARY: self.secondary, FROM_SECONDARY: self.from_secondary}
        if name in dsns:
            dsn = dsns[name]
            return dsn and dsn.masked()
        given = self.settings.by_variable()[name]
        return self.settings.health_check_interval_ms if given is None and name == _STANDBY_INTERVAL else given
