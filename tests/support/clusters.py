"""Real PostgreSQL servers at the price of a copy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hotswap_tui.demo.servers import Server

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 1 << 30


def fast_directory() -> Path | None:
    """Name a directory in memory for the clusters, None where there is not enough: a copy takes 0.1 s there, not 1 s."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES:
        return _MEMORY
    return None


class ServerPair(NamedTuple):
    """Two servers, both started, that share nothing."""

    primary: Server
    secondary: Server

    def heal(self) -> None:
        """Bring both back to life, whatever was done to them."""
        for server in self:
            server.thaw()
            server.start()


class Clusters:
    """Make servers from one template each name, and remove all of them in the end.

    Servers of one name share a system identifier, as copies do; those of different names do not.
    """

    def __init__(self) -> None:
        """Start without any template."""
        self._base = fast_directory()
        self._templates: dict[str, Server] = {}

    def make(
        self, name: str = "primary", *, wal_level: str = "replica", settings: Mapping[str, str | int] | None = None
    ) -> Server:
        """Make a server that is ready to start; the caller removes it."""
        server = Server(name, fsync=False, wal_level=wal_level, settings=settings, base=self._base)
        try:
            server.create(self._template(name))
        except BaseException:
            server.remove()
            raise
        return server

    def _template(self, name: str) -> Server:
        if name not in self._templates:
            template = Server(name, fsync=False, base=self._base)
            self._templates[name] = template
            template.create()
        return self._templates[name]

    def close(self) -> None:
        """Remove the templates."""
        for template in self._templates.values():
            template.remove()
