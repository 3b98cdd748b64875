"""An event in one row: what gives way is not its reason."""

from __future__ import annotations

from hotswap_tui.core.values import Event, Kind, Level
from hotswap_tui.tui.event_rows import fitting
from tests.support.pictures import WALL_S
from tests.support.routed_pictures import DEAD_GATEWAY


def test_the_reason_comes_before_the_socket() -> None:
    """On 80 columns it is read whole; the rest is in the detail."""
    event = Event(1, WALL_S, Kind.DISAGREES, Level.WARNING, f"PgBouncer cannot be read: {DEAD_GATEWAY}")
    assert fitting(event, 300) == event.text
    assert fitting(event, 68).startswith("PgBouncer does not answer: connection refused; start it with")


def test_a_place_without_a_reason_stays() -> None:
    """Only what stands before a colon is a place."""
    event = Event(1, WALL_S, Kind.SWITCHED, Level.GOOD, "PgBouncer points to primary again, at /run/x and elsewhere")
    assert fitting(event, 40) == "PgBouncer points to primary again, at /…"
