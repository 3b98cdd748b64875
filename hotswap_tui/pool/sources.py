"""Where a pool learns which database serves, as a value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from hotswap_tui.config import load
from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from hotswap_tui.config import Loaded
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.engine.client import EngineClient

_NO_FILES: Final = Path(os.devnull)
"""A directory without dotenv files."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a pool needs besides its options."""

    dsns: Mapping[Role, Dsn]
    timeout_s: float
    """DB_CONNECTION_TIMEOUT."""
    follow: Callable[[Callable[[str], None]], AbstractAsyncContextManager[EngineClient]]
    """Gives an engine, and calls back with the reason when that ends by itself."""


def settings_given(
    primary: str | SecretStr, secondary: str | SecretStr | None, settings: Mapping[str, object] | None
) -> Loaded:
    """Return settings that neither the environment nor a file has a part in; raises SettingsError."""
    urls = {"DATABASE_URL": primary, "DATABASE_URL_SECONDARY": secondary}
    given = {**(settings or {}), **{name: url for name, url in urls.items() if url}}
    return load({}, {name: _plain(value) for name, value in given.items() if value is not None}, [], _NO_FILES, None)


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def databases(loaded: Loaded) -> Mapping[Role, Dsn]:
    """Return the connection strings by role."""
    return {Role.PRIMARY: loaded.primary} | ({Role.SECONDARY: loaded.secondary} if loaded.secondary else {})
