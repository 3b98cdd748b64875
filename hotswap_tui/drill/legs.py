"""Which of the switches that the engine shows belong to the drill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hotswap_tui.core.outcome_words import latest_switch
from hotswap_tui.core.switch_words import way
from hotswap_tui.core.values import Fault, Role, SwitchKind

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot, SwitchOutcome
    from hotswap_tui.core.values import Switch


@dataclass(frozen=True, slots=True)
class Leg:
    """One movement of traffic, as last seen."""

    switch: Switch
    outcome: SwitchOutcome | None = None
    """None while it goes on, or where the engine was restarted before it could tell."""

    @property
    def done(self) -> bool:
        """Say whether traffic has arrived, proven."""
        return self.outcome is not None and self.outcome.result == "done"

    @property
    def trouble(self) -> str:
        """Return what went wrong; empty while it goes on, and where nothing did."""
        if self.outcome is None or self.outcome.result == "done":
            return ""
        error = f": {self.outcome.error}" if self.outcome.error else ""
        if self.outcome.result == "unknown":
            return f"nobody has seen who answers after the switch to the {self.switch.target}{error}"
        by = f" by {self.switch.cancelled_by}" if self.switch.cancelled_by else ""
        words = f"was cancelled{by}" if self.outcome.result == "cancelled" else "failed"
        return f"the switch to the {self.switch.target} {words}{error}"


class Legs:
    """Collect the drill's own switches, and notice the first that is not one.

    Those before the picture `before` are the past; `by` is who drills, as the engine calls him.
    """

    def __init__(self, before: Snapshot, by: str, *, automatic: bool) -> None:
        self._past = latest_switch(before)
        self._by = by
        self._automatic = automatic
        self._legs: dict[int, Leg] = {}
        self.stranger = ""
        """Who else moves traffic, and why; empty while nobody does."""

    @property
    def away(self) -> Leg | None:
        """Return the way to the secondary."""
        return next((leg for leg in self._legs.values() if leg.switch.target is Role.SECONDARY), None)

    @property
    def back(self) -> Leg | None:
        """Return the way back, the newest where it was tried more than once."""
        return next((leg for leg in reversed(self._legs.values()) if leg.switch.target is Role.PRIMARY), None)

    def see(self, picture: Snapshot) -> None:
        """Take a picture in."""
        if picture.last_switch is not None:
            self._note(picture.last_switch.switch, picture.last_switch)
        if picture.switch is not None:
            self._note(picture.switch, None)

    def _note(self, switch: Switch, outcome: SwitchOutcome | None) -> None:
        if switch.id <= self._past:
            return
        if self._is_ours(switch):
            self._legs[switch.id] = Leg(switch, outcome)
        elif not self.stranger:
            who = switch.by or "automation"
            self.stranger = f"{who} moves traffic, {way(switch)}: {switch.why}"

    def _is_ours(self, switch: Switch) -> bool:
        if switch.by:
            return switch.by == self._by
        if not self._automatic:
            return False
        if switch.kind is SwitchKind.FAILOVER:
            return switch.target is Role.SECONDARY and Fault.DRILL.words in switch.why
        return switch.kind is SwitchKind.FAILBACK
