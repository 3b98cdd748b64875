"""What the last look at the pair brought, for whoever needs it when a database is gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hotswap_tui.core.sync import Relation

if TYPE_CHECKING:
    from hotswap_tui.core.values import Role
    from hotswap_tui.sync.handover.sequence_state import SequenceState


@dataclass(slots=True)
class Known:
    """The reader writes it, a handover reads it; both live in one event loop."""

    sequences: dict[Role, tuple[SequenceState, ...]] = field(default_factory=dict)
    """As they were when their database was read last."""
    relation: Relation = Relation.UNKNOWN
    takers: str = ""
    """The primary's subscriptions, as `Mark.takers` tells them."""
