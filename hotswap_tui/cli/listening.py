"""Listening to an engine, for the commands; drills, which lie below them, do it the same way."""

from __future__ import annotations

from hotswap_tui.api.listening import Lost, heard

__all__ = ["Lost", "heard"]
