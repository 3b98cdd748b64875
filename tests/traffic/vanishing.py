"""The primary's network swallows every packet, once: python -m tests.traffic.vanishing, in a network namespace of its own."""

from __future__ import annotations

import asyncio
import time

from hotswap_tui.core.values import Role
from hotswap_tui.demo.load import STUCK
from tests.bench.black_hole import far_stage
from tests.traffic.courses import FAST, answered, began_after, both_up, serves


async def main() -> None:
    """Let it vanish under load; raise AssertionError when somebody is stuck or left behind."""
    with far_stage() as stage, stage.engine(**FAST) as engine:
        await engine.until(both_up)
        async with stage.load(clients=4, period_s=0.02) as load:
            await answered(load, "primary")
            stage.network.swallow()
            await engine.until(serves(Role.SECONDARY), what="the failover")
            away_s = time.monotonic()
            await answered(load, "secondary")
            since = {attempt.marker or attempt.error for attempt in began_after(load, away_s)}
            assert since == {"secondary"}, since
            assert STUCK not in {failure.error for failure in load.totals().failures}
        assert stage.undisturbed(), "PgBouncer is not as it was"


if __name__ == "__main__":
    asyncio.run(main())
