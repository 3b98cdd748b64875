"""Why automation does not act although it might be expected to."""

from __future__ import annotations

from typing import NamedTuple


class Obstacle(NamedTuple):
    """Why automation does not act. `key` names the reason, so that it is told once however its figures change."""

    key: str
    text: str
    until_s: float | None = None
    """When it ends by itself; None when it waits for something else."""
