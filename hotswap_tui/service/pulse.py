"""What systemd is told of an engine: one sentence, and that it lives. Nothing when nobody listens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.sentence import verdict

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.engine.client import EngineClient
    from hotswap_tui.gateway.notify import Notifier

_SLACK_S: Final = 10.0
"""A busy machine is late by less; this program is not restarted for it."""
_STATUS_S: Final = 30.0
_AGAIN_S: Final = 1.0


def overdue_s(snapshot: Snapshot) -> float:
    """Return by how much a check is later than anything explains, 0 when none is."""
    return max(_late_s(view, snapshot) for view in (snapshot.primary, snapshot.secondary) if view is not None)


def _late_s(view: DatabaseView, snapshot: Snapshot) -> float:
    # A check in flight is still due at the moment when it began; the first of all was never due later.
    due_s = max(view.next_check_s, snapshot.started_s)
    late_s = snapshot.now_s - due_s - snapshot.policy.connection_timeout_s
    return late_s if late_s > _SLACK_S else 0.0


def said(snapshot: Snapshot) -> str:
    """Return the picture in one line."""
    return verdict(snapshot, snapshot.now_s).say().replace("   ", "; ")


class Pulse:
    """Beats while the event loop runs and checks are made; a loop that hangs sends nothing."""

    def __init__(self, client: EngineClient, notifier: Notifier) -> None:
        self._client = client
        self._notifier = notifier
        self._decided: tuple[object, ...] = ()

    async def beat(self) -> None:
        """Keep the watchdog quiet while checks are made, and the sentence up to date, until cancelled."""
        if not self._notifier.heard:
            return
        unsubscribe = self._client.subscribe(self._look)
        period_s = min(_STATUS_S, (self._notifier.watchdog_s or _STATUS_S) / 2)
        try:
            while True:
                in_time = self._beat()
                await asyncio.sleep(period_s if in_time else min(_AGAIN_S, period_s))
        finally:
            unsubscribe()

    def _beat(self) -> bool:
        snapshot = self._client.snapshot()
        if late_s := overdue_s(snapshot):
            self._notifier.status(f"a check is late by {late_s:.0f} s")
            return False
        if self._notifier.watchdog_s is not None:
            self._notifier.alive()
        self._notifier.status(said(snapshot))
        return True

    def _look(self) -> None:
        """Tell what was decided; most changes are checks that have passed."""
        snapshot = self._client.snapshot()
        switch = snapshot.switch
        decided = (
            snapshot.version, snapshot.state, snapshot.active, snapshot.disagrees, snapshot.blocked,
            switch and (switch.id, switch.step), snapshot.hold is None, snapshot.router.error,
        )  # fmt: skip
        if decided != self._decided:
            self._decided = decided
            self._notifier.status(said(snapshot))
