"""What the data has to say about automatic switches, told as stories of the machine and as a table of plans."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.events import Slept, SyncRead
from hotswap_tui.core.guards import WAY_BACK_S, data_plan
from hotswap_tui.core.plan import DataPlan
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.sync import Mark, Relation, Safety, SchemaDrift, SyncReading
from hotswap_tui.core.values import Fault, Kind, Role, State, SwitchKind
from tests.core.machine_dsl import Machine, facts
from tests.core.sync_values import dossier, flow, reading

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY
MARK = Mark(SECONDARY, 1_700_000_000.0, "100:100:")


def looked(machine: Machine, seen: SyncReading) -> Machine:
    """Let the pair have been looked at just now."""
    now_s = machine.now_s
    flows = tuple(replace(each, measured_s=now_s if each.measured_s == 0.0 else each.measured_s) for each in seen.flows)
    return machine.step(SyncRead(replace(seen, read_s=now_s, flows=flows)))


def returned(*, seen: SyncReading | None, routed: bool = True, **policy) -> Machine:
    """The secondary serves, the pair was looked at, and the primary has passed as often as it must."""
    machine = Machine(routed=routed, **policy).both_up().active_dies().arrives(mark=MARK).wait(300.0).check(PRIMARY)
    if seen is not None:
        looked(machine, seen)
    return machine.check(PRIMARY, after_s=5.0)


# -- DB_MAX_LAG ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "moves", "said"),
    [
        (reading(flow(lag_s=0.2)), True, ""),
        (reading(flow(lag_s=9.0)), True, ""),
        (reading(flow(lag_s=11.0)), False, "may lack 1"),
        (reading(flow(lag_s=None)), False, "is not known"),
        (reading(), False, "is not known"),
        (reading(flow(SECONDARY, lag_s=0.0)), False, "is not known"),
        (None, False, "is not known"),
    ],
)
def test_a_secondary_that_lacks_too_much_is_not_failed_over_to(seen, moves, said):
    machine = Machine(max_lag_s=10.0).both_up()
    if seen is not None:
        looked(machine, seen)
    machine.active_dies()
    assert bool(machine.begun) is moves
    assert machine.state is (State.FAILING_OVER if moves else State.UNAVAILABLE)
    if said:
        told = machine.said(Kind.NOT_SERVING) + machine.said(Kind.NO_SWITCH) + machine.said(Kind.BOTH_DOWN)
        assert said in told[-1]
        assert "DB_MAX_LAG is 10s" in told[-1]


def test_the_age_of_the_figure_counts_while_the_primary_was_seen_alive():
    machine = looked(Machine(max_lag_s=10.0).both_up(), reading(flow(lag_s=1.0)))
    machine.check(PRIMARY, after_s=8.5)
    assert machine.active_dies().begun
    late = looked(Machine(max_lag_s=10.0).both_up(), reading(flow(lag_s=1.0)))
    late.check(PRIMARY, after_s=9.5)
    assert not late.active_dies().begun


def test_how_long_the_failure_took_to_be_confirmed_does_not_count():
    """Nothing can have been written there meanwhile that the figure does not cover."""
    machine = looked(Machine(max_lag_s=3.0).both_up(), reading(flow(lag_s=0.1)))
    assert machine.active_dies(Fault.TIMEOUT).begun


def test_a_sleep_of_this_computer_makes_every_figure_as_old_as_it_is():
    """The source wrote on meanwhile, which nobody saw."""
    machine = looked(
        Machine(max_lag_s=10.0).both_up(), reading(flow(lag_s=1.0), dossier=dossier(), schema=SchemaDrift(1))
    )
    before = machine.model.sync
    sync = machine.step(Slept(3600.0)).model.sync
    assert before is not None
    assert sync is not None
    assert sync.dossier is not None
    assert sync.schema is not None
    assert sync.flows[0].measured_s == machine.now_s - 3600.0
    assert (sync.read_s, sync.dossier.read_s, sync.schema.read_s) == (before.read_s - 3600.0, -3600.0, -3600.0)
    assert not machine.both_up().active_dies().begun


def test_without_a_limit_nothing_is_asked_of_the_secondary():
    assert looked(Machine().both_up(), reading(flow(lag_s=900.0))).active_dies().begun


def test_a_person_switches_all_the_same():
    machine = looked(Machine(max_lag_s=1.0).both_up(), reading(flow(lag_s=900.0)))
    assert machine.switch_to(SECONDARY).begun


def test_the_limit_is_not_for_the_way_back_from_a_dead_secondary():
    machine = Machine(max_lag_s=1.0, failback_auto=False).both_up().switch_to(SECONDARY).arrives().arm().check(PRIMARY)
    machine.check(SECONDARY, Fault.REFUSED).check(PRIMARY).check(SECONDARY, Fault.REFUSED, times=2, after_s=5.0)
    assert (machine.begun[-1].kind, machine.begun[-1].target) == (SwitchKind.FAILOVER, PRIMARY)


# -- DB_FAILBACK_GUARD ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "moves"),
    [
        (reading(dossier=dossier(Safety.SAFE)), True),
        (reading(flow(SECONDARY), dossier=dossier(Safety.NEEDS_SYNC)), True),
        (reading(flow(SECONDARY, streaming=False, error="down"), dossier=dossier(Safety.NEEDS_SYNC)), False),
        (reading(dossier=dossier(Safety.DIVERGED)), False),
        (reading(), False),
        (None, False),
    ],
)
def test_block_keeps_traffic_where_a_failback_may_lose_something(seen, moves):
    machine = returned(seen=seen, failback_guarded=True)
    assert (machine.state is State.FAILING_BACK) is moves
    if not moves:
        assert machine.said(Kind.NO_SWITCH)[-1:] != []
    else:
        assert machine.in_flight.plan is not None
        assert machine.in_flight.plan.data.prove_safe, (
            "what was true at the look is proven again while clients are held"
        )
        assert machine.in_flight.plan.data.since == MARK


@pytest.mark.parametrize(
    ("seen", "moves"),
    [
        (reading(dossier=dossier(Safety.SAFE)), False),
        (reading(flow(SECONDARY), dossier=dossier(Safety.SAFE)), True),
        (reading(flow(SECONDARY, missing=1), dossier=dossier(Safety.SAFE)), False),
        (reading(dossier=dossier(Safety.SAFE), relation=Relation.PHYSICAL), True),
    ],
)
def test_without_a_gateway_nobody_is_held_while_it_is_proven(seen, moves):
    """Applications write on the secondary until they follow; replication brings that over."""
    machine = returned(seen=seen, routed=False, failback_guarded=True)
    assert (machine.state is State.FAILING_BACK) is moves
    assert returned(seen=seen, routed=False).state is State.FAILING_BACK, "warn"


def test_a_person_fails_back_although_the_guard_blocks():
    machine = returned(seen=reading(dossier=dossier()), failback_guarded=True).fail_back()
    assert machine.state is State.FAILING_BACK
    assert machine.in_flight.plan is not None
    assert not machine.in_flight.plan.data.prove_safe


def test_warn_says_what_stays_behind_and_fails_back():
    machine = returned(seen=reading(dossier=dossier(rows=12)))
    assert machine.state is State.FAILING_BACK
    (told,) = [text for text in machine.said(Kind.SYNC) if "failing back all the same" in text]
    assert "DIVERGED" in told
    assert "12 rows" in told


@pytest.mark.parametrize(
    "seen",
    [
        reading(dossier=dossier(Safety.SAFE)),
        reading(flow(SECONDARY), dossier=dossier(Safety.NEEDS_SYNC)),
    ],
)
def test_a_failback_that_loses_nothing_is_not_warned_about(seen):
    """What is still on its way is waited for while clients are held."""
    machine = returned(seen=seen)
    assert machine.state is State.FAILING_BACK
    assert not [text for text in machine.said(Kind.SYNC) if "all the same" in text]


def test_the_way_back_is_waited_for_but_not_for_ever():
    """PostgreSQL's subscription comes back some seconds after the primary."""
    machine = Machine().on_secondary()
    looked(machine, reading(flow(SECONDARY, streaming=False, error="the primary is down"), dossier=dossier()))
    machine.primary_returns()
    assert machine.begun[-1].target is SECONDARY
    assert "waiting for replication" in machine.said(Kind.NO_SWITCH)[-1]
    machine.check(PRIMARY, after_s=WAY_BACK_S)
    assert machine.state is State.FAILING_BACK


def test_an_engine_that_never_saw_the_primary_looks_before_it_fails_back():
    """It was started while the primary was down: whether replication leads back is not known yet."""
    machine = Machine().on_secondary()
    looked(machine, reading(relation=Relation.UNKNOWN, dossier=dossier()))
    machine.primary_returns()
    assert machine.begun[-1].target is SECONDARY
    assert "whether replication leads back" in machine.said(Kind.NO_SWITCH)[-1]
    looked(machine, reading(flow(SECONDARY), dossier=dossier(Safety.NEEDS_SYNC)))
    assert machine.check(PRIMARY, after_s=5.0).state is State.FAILING_BACK
    assert machine.in_flight.plan is not None
    assert machine.in_flight.plan.data.catch_up


def test_a_way_back_that_streams_again_ends_the_wait():
    machine = Machine().on_secondary()
    looked(machine, reading(flow(SECONDARY, streaming=False), dossier=dossier()))
    machine.primary_returns()
    looked(machine, reading(flow(SECONDARY), dossier=dossier(Safety.NEEDS_SYNC)))
    assert machine.check(PRIMARY, after_s=5.0).state is State.FAILING_BACK


def test_a_dead_secondary_is_left_whatever_the_guard_and_the_event_says_what_stays():
    machine = returned(seen=reading(dossier=dossier()), failback_guarded=True, recovery_threshold=5)
    machine.check(SECONDARY, Fault.REFUSED).check(PRIMARY).check(SECONDARY, Fault.REFUSED, times=2, after_s=5.0)
    assert machine.begun[-1].kind is SwitchKind.FAILOVER
    machine.arrives()
    assert any(text.startswith("left behind: the secondary is DIVERGED") for text in machine.said(Kind.SYNC))


# -- marks ---------------------------------------------------------------------------------------------


def test_the_mark_of_a_switch_to_the_secondary_is_kept_until_traffic_leaves_it():
    machine = Machine().both_up().active_dies().arrives(mark=MARK)
    assert machine.model.mark == MARK
    machine.wait(120.0).check(PRIMARY, times=2, after_s=5.0)
    assert machine.arrives().model.mark is None


def test_an_arrival_without_a_mark_forgets_an_older_one():
    machine = Machine().both_up().active_dies().arrives(mark=MARK)
    machine.model = replace(machine.model, mark=MARK)
    machine.wait(120.0).check(PRIMARY, times=2, after_s=5.0).arrives()
    machine.check(SECONDARY).active_dies().arrives()
    assert machine.active is SECONDARY
    assert machine.model.mark is None


def test_a_dossier_belongs_to_one_stay_on_the_secondary():
    machine = returned(seen=reading(dossier=dossier(Safety.SAFE))).arrives()
    assert machine.model.sync is not None
    assert machine.model.sync.dossier is None


def test_what_was_done_about_the_data_is_told():
    machine = Machine().both_up().active_dies().arrives(data="12 sequences moved ahead", data_problem="1 was not")
    assert "; 12 sequences moved ahead" in machine.said(Kind.SWITCHED)[-1]
    assert machine.said(Kind.SYNC) == ["secondary: 1 was not"]


def test_a_read_only_secondary_is_named_when_it_serves():
    machine = Machine().both_up().check(SECONDARY, facts=facts(read_only=True))
    machine.check(PRIMARY, Fault.REFUSED).check(SECONDARY, facts=facts(read_only=True))
    machine.check(PRIMARY, Fault.REFUSED, times=2, after_s=5.0).arrives()
    assert machine.said(Kind.SYNC) == ["secondary is read-only: reads are served, writes fail"]


def test_only_a_verdict_that_something_would_be_lost_makes_older_requests_stale():
    machine = Machine().on_secondary()
    version = machine.model.version
    assert looked(machine, reading(dossier=dossier(Safety.SAFE))).model.version == version
    assert looked(machine, reading(dossier=dossier(Safety.NEEDS_SYNC))).model.version == version
    assert looked(machine, reading(dossier=dossier())).model.version == version + 1


# -- what a switch does about the data --------------------------------------------------------------------

BACK = reading(flow(SECONDARY))
BOTH = reading(flow(), flow(SECONDARY))
BROKEN = reading(flow(streaming=False))
PHYSICAL = reading(flow(), relation=Relation.PHYSICAL)
BEATING = reading(flow(SECONDARY), relation=Relation.HEARTBEAT)
TO_SECONDARY = DataPlan(mark=True, must_catch_up=True)
TO_PRIMARY = DataPlan(must_catch_up=True)


@pytest.mark.parametrize(
    ("seen", "kind", "target", "expected"),
    [
        (None, SwitchKind.FAILOVER, SECONDARY, TO_SECONDARY),
        (reading(), SwitchKind.MANUAL, SECONDARY, TO_SECONDARY),
        (reading(flow()), SwitchKind.MANUAL, SECONDARY, replace(TO_SECONDARY, catch_up=True, sequences=True)),
        (BROKEN, SwitchKind.FAILOVER, SECONDARY, replace(TO_SECONDARY, sequences=True)),
        (PHYSICAL, SwitchKind.MANUAL, SECONDARY, replace(TO_SECONDARY, catch_up=True)),
        (reading(flow()), SwitchKind.FAILBACK, PRIMARY, TO_PRIMARY),
        (BEATING, SwitchKind.FAILBACK, PRIMARY, TO_PRIMARY),
        (BOTH, SwitchKind.FAILBACK, PRIMARY, replace(TO_PRIMARY, catch_up=True, sequences=True)),
        (BACK, SwitchKind.MANUAL, PRIMARY, replace(TO_PRIMARY, catch_up=True, sequences=True)),
        (BOTH, SwitchKind.REPAIR, SECONDARY, DataPlan()),
    ],
)
def test_what_a_switch_does_about_the_data(seen, kind, target, expected):
    assert data_plan(seen, kind, target, Policy(), automatic=False) == expected


def test_force_does_not_wait_for_what_does_not_come():
    assert not data_plan(BOTH, SwitchKind.MANUAL, SECONDARY, Policy(), automatic=False, firm=True).must_catch_up
