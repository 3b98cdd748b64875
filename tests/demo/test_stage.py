"""The demo's stage: faults do what their words say, and no more."""

from __future__ import annotations

from hotswap_tui.core.values import Role
from hotswap_tui.demo.fast import FAST
from hotswap_tui.demo.stage import SLOW_MS
from hotswap_tui.dsn import parse
from hotswap_tui.probes.prober import PostgresProber

TIMEOUT_S = int(FAST["DB_CONNECTION_TIMEOUT"]) / 1000
PATIENCE_S = 20.0


async def test_slow_is_not_down(server_pair, make_proxy):
    """Each of the first check's answers, login included, comes late, and the check passes with time to spare."""
    proxy = await make_proxy(server_pair.primary, delay_ms=SLOW_MS)
    prober = PostgresProber(
        Role.PRIMARY, parse(proxy.url(server_pair.primary.url)), timeout_s=PATIENCE_S, writable=True
    )
    verdicts = [await prober.check(fresh=True) for _ in range(3)]
    await prober.aclose()
    assert [verdict.detail for verdict in verdicts if verdict.fault is not None] == []
    for verdict in verdicts:
        assert verdict.latency_ms is not None
        assert verdict.latency_ms > SLOW_MS
    # Not one but the fastest: the machine may be busy, the network is not.
    assert min((v.connect_ms or 0) + (v.latency_ms or 0) for v in verdicts) < 0.7 * TIMEOUT_S * 1000
