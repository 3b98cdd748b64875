"""What the engine counts, and the samples that it gives away."""

from __future__ import annotations

from hotswap_tui.core import events
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.engine.journal import SqliteJournal
from hotswap_tui.engine.ports import Sample

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY


def test_checks_switches_events_and_waits_are_counted(make_world):
    world = make_world().go(31)
    assert world.engine.tally().checks == {(PRIMARY, "passed"): 2, (SECONDARY, "passed"): 2}
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.active is SECONDARY, within_s=60)
    tally = world.engine.tally()
    assert tally.checks[PRIMARY, "refused"] >= 3
    assert tally.switches == {("failover", "done"): 1}
    assert (tally.events["threshold"], tally.events["switched"], tally.observed) == (1, 1, 0)


def test_a_false_alarm_counts_who_was_held(make_world):
    world = make_world(policy=Policy(hold_max_s=60.0)).go(1)
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.now.hold is not None, within_s=60)
    world.primary.fault = None
    world.until(lambda: world.engine.tally().waited_clients == 3, within_s=60)
    assert world.engine.tally().longest_waits_s == 0.25


def test_an_observing_engine_counts_what_it_would_have_done(make_world):
    world = make_world(policy=Policy(observe=True)).go(1)
    world.primary.fault = Fault.REFUSED
    world.until(lambda: world.engine.tally().observed == 1, within_s=60)
    assert (world.router.begun, world.router.holds) == ([], [])


def test_a_drill_moves_traffic_and_ends(make_world):
    world = make_world().go(1)
    _ = world.spawn(world.engine.request(events.DrillRequest("pi", world.now.version, 60.0)))
    world.go(0.1)
    assert world.now.drill is not None
    world.until(lambda: world.now.active is SECONDARY, within_s=60)
    world.until(lambda: world.now.active is PRIMARY, within_s=600)
    assert world.engine.tally().switches == {("failover", "done"): 1, ("failback", "done"): 1}


async def test_the_samples_of_the_present_batch_are_given_away_too(tmp_path):
    journal = SqliteJournal(tmp_path, wall_s=lambda: 1_000_000.0)
    await journal.load()
    journal.sample(Sample(PRIMARY, 999_999.0, 1.5))
    assert await journal.samples() == (Sample(PRIMARY, 999_999.0, 1.5),)
    await journal.aclose()
