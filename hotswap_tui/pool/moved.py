"""What an application is told when its connections have gone to another database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap_tui.core.values import Role


@dataclass(frozen=True, slots=True)
class Moved:
    """From now on connections lead to `target`, and nothing more reaches `source`."""

    source: Role | None
    """None: these are the first connections."""
    target: Role
    wall_s: float
    """When; seconds since 1970."""
    waited_s: float = 0.0
    """How long nobody was given a connection because of it."""
    cut: int = 0
    """Connections in use that were cut off."""

    def __str__(self) -> str:
        """Say it in one line."""
        if self.source is None:
            return f"connections lead to {self.target}"
        cut = f"; {self.cut} in use were cut off" if self.cut else ""
        return f"connections lead to {self.target} instead of {self.source}{cut}"
