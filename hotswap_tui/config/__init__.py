"""Settings from the command line, the environment and dotenv files, checked, each with where it came from."""

from __future__ import annotations

from hotswap_tui.config.loading import HOT_SWAP_HINT, Loaded, SettingsError, load
from hotswap_tui.config.settings import PROFILES, Profile, Settings
from hotswap_tui.config.table import settings_table

__all__ = ["HOT_SWAP_HINT", "PROFILES", "Loaded", "Profile", "Settings", "SettingsError", "load", "settings_table"]
