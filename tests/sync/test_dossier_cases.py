from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.core.sync import Safety
from hotswap_tui.core.values import Role
from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.sync.dossier.dossier import examine, take_mark
from tests.probes.probing import probing
from tests.sync.dossier_cases import ENDED_UNPROVEN, Case, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap_tui.demo.servers import Server
    from hotswap_tui.probes.prober import PostgresProber
    from tests.support.clusters import Clusters

pytestmark = pytest.mark.thorough

ROUNDS = 8
CASES = 30
"""Of one round: 240 in all."""


@pytest.fixture(scope="module")
def server(clusters: Clusters) -> Iterator[Server]:
    server = clusters.make("secondary", wal_level="logical", settings={"max_prepared_transactions": 10})
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_the_verdict_over_generated_stays(server: Server, number: int) -> None:
    """DIVERGED wherever a row was written, SAFE where nothing was committed by anybody but us; never the wrong way round."""
    inspection = PostgresInspection(parse(server.url))
    try:
        async with probing(server.url, write_check=True, role=Role.SECONDARY) as prober:
            seeds = range(number * CASES, (number + 1) * CASES)
            verdicts = [await _judged(server, inspection, prober, seed) for seed in seeds]
    finally:
        await inspection.aclose()
    assert {Safety.SAFE, Safety.DIVERGED} == set(verdicts)


async def _judged(server: Server, inspection: PostgresInspection, prober: PostgresProber, seed: int) -> Safety:
    random = Random(seed)
    case = Case(server, random)
    try:
        if random.random() < 0.9:
            await _beat(prober, random)
        case.before_the_mark()
        before = case.contents()
        mark = await take_mark(inspection, Role.SECONDARY, 0.0, 5.0)
        await _beat(prober, random)
        case.act(writing=seed % 2 == 0)
        await _beat(prober, random)
        case.after()
        await _beat(prober, random)
        dossier = await examine(inspection, None, mark, (), read_s=0.0, timeout_s=5.0)
        kinds = {kind for _, kind in case.acts}
        told = f"seed {seed}: {case.acts}: {dossier.why}"
        if Kind.WRITES in kinds or before != case.contents() or ENDED_UNPROVEN in dict(case.acts):
            assert dossier.verdict is Safety.DIVERGED, told
        elif kinds == {Kind.NOTHING}:
            assert dossier.verdict is Safety.SAFE, told
        return dossier.verdict
    finally:
        case.close()


async def _beat(prober: PostgresProber, random: Random) -> None:
    for _ in range(random.choice((0, 0, 1, 3))):
        assert (await prober.check(fresh=False)).passed
        assert not prober.note
