"""Settings from the command line, the environment and dotenv files, checked, each with where it came from."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotswap_tui.config.loaded import Loaded, SettingsError
    from hotswap_tui.config.loading import load
    from hotswap_tui.config.settings import PROFILES, Profile, Settings
    from hotswap_tui.config.table import settings_table

__all__ = ["PROFILES", "Loaded", "Profile", "Settings", "SettingsError", "load", "settings_table"]

_MODULES = {
    "Loaded": "loaded",
    "SettingsError": "loaded",
    "load": "loading",
    "PROFILES": "settings",
    "Profile": "settings",
    "Settings": "settings",
    "settings_table": "table",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: pydantic is slow to import, and `state_dir` does without it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
