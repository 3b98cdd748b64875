"""Settings in a process that has not checked them itself: the same values and methods, without pydantic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hotswap_tui.config import meaning
from hotswap_tui.dsn.secret import SecretStr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap_tui.config.settings import Settings


class Kept:
    """Stands for Settings; `aliases` gives each attribute's variable."""

    policy = meaning.policy
    address = meaning.address
    hosts = meaning.hosts
    notification_urls = meaning.notification_urls
    on_switch_arguments = meaning.on_switch_arguments

    def __init__(self, aliases: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)
        self._aliases = dict(aliases)

    def __repr__(self) -> str:
        return f"Kept({', '.join(self._aliases.values())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return kept, (self._aliases, {name: getattr(self, name) for name in self._aliases})

    def by_variable(self) -> dict[str, Any]:
        """Return every value by the name of its variable."""
        return {variable: getattr(self, name) for name, variable in self._aliases.items()}


def kept(aliases: Mapping[str, str], values: Mapping[str, Any]) -> Settings:
    """Return settings of these values, by attribute."""
    return cast("Settings", Kept(aliases, values))


def changed(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Return `settings` with other values for some variables, which are valid."""
    aliases, given = settings.__reduce__()[1]
    return kept(aliases, {name: values.get(variable, given[name]) for name, variable in aliases.items()})


def own(value: Any) -> Any:
    """Return a secret as one that this process can hold."""
    return SecretStr(value.get_secret_value()) if hasattr(value, "get_secret_value") else value
