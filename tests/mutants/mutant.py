"""What a seeded fault is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of the source that breaks `rule`. `old` occurs exactly once in `file`, a path under hotswap_tui/."""

    rule: int
    """One of the state machine's eleven; 0: what holds for moving traffic."""
    file: str
    old: str
    new: str
    harm: str
