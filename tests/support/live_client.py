"""An `EngineClient` that lives: checks come in once a second, without any server. For terminals and for measuring."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random

from hotswap_tui.core.latency import LatencyHistory
from hotswap_tui.core.values import Role
from tests.support.pictures import EVENTS, NOW_S, WALL_S, passed, snapshot
from tests.support.scripted_client import ScriptedClient

_PAST_S = 290


class LiveClient(ScriptedClient):
    """Moves the steady picture along with the clock."""

    def __init__(self, *, owner: bool = True) -> None:
        now_s, wall_s = time.monotonic(), time.time()
        self._random = Random(7)
        histories = {role: LatencyHistory() for role in Role}
        super().__init__(
            snapshot(),
            owner=owner,
            events=[replace(event, wall_s=event.wall_s - WALL_S + wall_s) for event in EVENTS],
            histories=histories,
        )
        for ago_s in range(_PAST_S, -1, -1):
            for role in Role:
                histories[role].add(now_s - ago_s, self._latency_ms(role))
        self.check()

    def _latency_ms(self, role: Role) -> float:
        return (2.0 if role is Role.PRIMARY else 30.0) * self._random.uniform(0.7, 1.6)

    def check(self) -> None:
        """Let a check of both databases pass now."""
        now_s, wall_s = time.monotonic(), time.time()
        views = {}
        for role in Role:
            latency_ms = self._latency_ms(role)
            self._histories[role].add(now_s, latency_ms)
            verdict = replace(passed(role, latency_ms=latency_ms), finished_s=now_s)
            before = self.picture.database(role)
            assert before is not None
            views[role] = replace(before, verdict=verdict, last_pass_s=now_s, next_check_s=now_s + 1)
        self.change(
            now_s=now_s,
            wall_s=wall_s,
            since_s=now_s - (NOW_S - snapshot().since_s),
            primary=views[Role.PRIMARY],
            secondary=views[Role.SECONDARY],
        )
