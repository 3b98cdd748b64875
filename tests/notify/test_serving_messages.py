"""What people are told of the database that serves: failover, failback, nothing serves, and one summary for each incident."""

from __future__ import annotations

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault, Role
from hotswap_tui.engine.ports import Memory, ModeMemory, Restored, SwitchRecord
from hotswap_tui.routing.router import OutcomeUnknownError, SwitchError
from tests.engine.engine_world import PAIR, WALL_AT_ZERO_S

PI = "pi@tty1"
FAILED_OVER = "warning: secondary serves after 0.07s (failover)"
FAILED_BACK = "success: primary serves after 0.07s (failback)"


def lines(told):
    """The newest body, without the times of day."""
    return [line[9:] if line[2:3] == line[5:6] == ":" else line for line in told.body.split("\n")]


def ask(told, request):
    told.world.spawn(told.world.engine.request(request))
    told.world.go(1)


def test_nothing_is_told_while_all_is_well(make_told):
    told = make_told()
    told.world.go(3600)
    assert told.new() == []


def test_a_failure_that_is_over_before_it_is_confirmed_is_no_news(make_told):
    told = make_told()
    told.world.primary.fault = Fault.REFUSED
    told.world.until(lambda: told.world.now.primary.failures == 2, within_s=60)
    told.world.primary.fault = None
    told.world.go(600)
    assert told.new() == []


def test_failover_and_failback_are_one_message_each_and_the_second_sums_up(make_told):
    told = make_told()
    told.world.primary.fault = Fault.REFUSED
    told.world.go(300)
    assert told.new() == [FAILED_OVER]
    assert lines(told) == [
        "secondary serves after 0.07s (failover); 2 clients waited, the longest 0.12s; 1 connections to the primary cut off",
        "primary → secondary: primary failed 3 checks: connection refused",
    ]
    told.world.primary.fault = None
    told.world.go(600)
    assert told.new() == [FAILED_BACK]
    assert lines(told)[1:] == [
        "primary → secondary: primary failed 3 checks: connection refused",
        "secondary serves after 0.07s (failover)",
        "secondary → primary: primary passed 2 checks in a row",
        "primary serves after 0.07s (failback)",
        "Nothing served for 10 s. The secondary served for 6 min 5 s. 2 switches. 4 clients waited, at most 0.12s.",
    ]


def test_both_down_is_told_once_and_its_end_with_the_whole_time(make_told):
    told = make_told()
    told.world.primary.fault = told.world.secondary.fault = Fault.TIMEOUT
    told.world.go(300)
    assert told.new() == ["failure: both primary and secondary databases are unavailable"]
    told.world.primary.fault = None
    told.world.go(300)
    assert told.new()[0].startswith("success: primary: back after ")
    assert lines(told)[-1].startswith("Nothing served for 4 min ")


def test_the_other_takes_over_after_both_were_down(make_told):
    told = make_told()
    told.world.primary.fault = told.world.secondary.fault = Fault.TIMEOUT
    told.world.go(100)
    told.world.secondary.fault = None
    told.world.go(60)
    assert [text.partition(":")[0] for text in told.new()] == ["failure", "warning"]
    told.world.primary.fault = None
    told.world.go(600)
    assert told.new() == [FAILED_BACK]
    unserved_s = float(lines(told)[-1].removeprefix("Nothing served for 1 min ").partition(" s.")[0])
    assert 5 <= unserved_s <= 30, "from the first failure until the secondary took over"


@pytest.mark.parametrize("routed", [True, False])
def test_the_secondary_dies_while_it_serves(make_told, routed):
    """The rescue by the primary is the end of the incident: one message, with the summary."""
    told = make_told(routed=routed)
    told.world.primary.fault = Fault.REFUSED
    told.world.go(100)
    told.world.secondary.fault = Fault.REFUSED
    told.world.primary.fault = None
    told.world.go(200)
    assert [text.partition(" ")[0] for text in told.new()] == ["warning:", "success:"]
    assert "2 switches" in lines(told)[-1]


def test_a_single_database(make_told):
    told = make_told(roles=(Role.PRIMARY,), routed=False)
    told.world.primary.fault = Fault.REFUSED
    told.world.go(100)
    assert told.new() == ["failure: primary is DOWN"]
    assert lines(told) == ["primary is DOWN; no switch: no secondary database is configured"]
    told.world.primary.fault = None
    told.world.go(100)
    assert [text.partition(":")[0] for text in told.new()] == ["success"]


def test_automation_is_off_when_the_primary_dies(make_told):
    told = make_told()
    ask(told, events.DisarmRequest(PI, "upgrade"))
    told.world.primary.fault = Fault.REFUSED
    told.world.go(200)
    assert told.new() == [f"warning: {PI} switched automatic switching off: upgrade", "failure: primary is DOWN"]
    assert "hotswap-tui arm" in lines(told)[-1]
    ask(told, events.SwitchRequest(PI, Role.SECONDARY, told.world.now.version))
    assert told.new() == ["success: secondary serves after 0.07s (manual)"], "a person chose it: the incident is over"
    assert lines(told)[1] == f"Asked by {PI}."
    assert lines(told)[-1].startswith("Nothing served for 2 min")


def test_a_failover_that_fails_is_told_once_however_often_it_is_tried(make_told):
    told = make_told()
    told.world.router.outcome = SwitchError("RELOAD", "console: no answer")
    told.world.router.moves_before_outcome = False
    told.world.primary.fault = Fault.REFUSED
    told.world.go(300)
    assert len(told.world.router.begun) > 3
    assert told.new() == ["failure: switch to secondary failed at step RELOAD: console: no answer"]
    told.world.primary.fault = None
    told.world.go(300)
    assert [text[:22] for text in told.new()] == ["success: primary: back"]


def test_a_slow_switch_is_told_while_it_is_under_way(make_told):
    told = make_told()
    told.world.router.took_s = 20.0
    told.world.primary.fault = Fault.REFUSED
    told.world.go(100)
    assert told.new() == [
        "warning: switching: primary → secondary: primary failed 3 checks: connection refused",
        "warning: secondary serves after 20.02s (failover)",
    ]


def test_an_unknown_outcome_is_told_and_so_is_its_proof(make_told):
    told = make_told()
    told.world.router.outcome = OutcomeUnknownError("console: no answer")
    told.world.router.proves = False
    told.world.primary.fault = Fault.REFUSED
    told.world.go(60)
    assert [text.partition(":")[0] for text in told.new()] == ["failure", "warning"]
    told.world.router.outcome, told.world.router.proves = None, True
    told.world.go(20)
    assert [text[:44] for text in told.new()] == ["success: secondary answers through PgBouncer"]


def test_a_failback_that_waits_for_a_person_is_told(make_told):
    told = make_told(policy=Policy(failback_auto=False))
    told.world.primary.fault = Fault.REFUSED
    told.world.go(100)
    told.world.primary.fault = None
    told.world.go(600)
    assert told.new() == [FAILED_OVER, "info: primary is well"]
    assert lines(told)[-1] == "When it suits: hotswap-tui failback"
    ask(told, events.FailbackRequest(PI, told.world.now.version))
    assert told.new() == [FAILED_BACK]


def test_the_budget_of_switches_is_told_with_advice_against_loops(make_told):
    told = make_told(policy=Policy(max_switches_per_hour=2))
    told.world.primary.fault = Fault.REFUSED
    told.world.go(100)
    told.world.primary.fault = None
    told.world.go(600)
    assert told.new() == [FAILED_OVER, "warning: primary is well"]
    assert "DB_MAX_SWITCHES_PER_HOUR" in lines(told)[0]
    assert "against failover loops" in lines(told)[0]


def test_the_first_switch_of_a_person_is_told_with_the_name(make_told):
    told = make_told()
    ask(told, events.SwitchRequest(PI, Role.SECONDARY, told.world.now.version))
    assert told.new() == ["success: secondary serves after 0.07s (manual)"], "that automation is off is in it"
    assert lines(told)[-1] == f"Asked by {PI}."
    ask(told, events.FailbackRequest(PI, told.world.now.version))
    assert told.new() == [FAILED_BACK, "success: automatic switching is on again"]


def test_each_switch_of_a_person_is_told_however_alike_they_are(make_told):
    told = make_told()
    for _ in range(2):
        ask(told, events.SwitchRequest(PI, Role.SECONDARY, told.world.now.version))
        ask(told, events.FailbackRequest(PI, told.world.now.version))
        assert told.new() == [
            "success: secondary serves after 0.07s (manual)",
            FAILED_BACK,
            "success: automatic switching is on again",
        ]


def test_a_drill_alarms_nobody(make_told):
    told = make_told()
    ask(told, events.DrillRequest(PI, told.world.now.version, 600.0))
    told.world.go(600)
    assert told.new() == [
        f"info: drill: checks of the primary fail on purpose, for at most 600s, asked by {PI}",
        "info: DRILL: secondary serves after 0.07s (failover)",
        "info: DRILL: primary serves after 0.07s (failback)",
    ]
    assert "Nothing served" not in told.body


def test_a_drill_that_led_to_nothing_is_told(make_told):
    told = make_told()
    ask(told, events.DrillRequest(PI, told.world.now.version, 600.0))
    ask(told, events.EndDrillRequest(PI))
    assert [text.partition(":")[0] for text in told.new()] == ["info", "info"]


def test_an_engine_that_only_observes_tells_what_it_would_do(make_told):
    told = make_told(policy=Policy(observe=True))
    told.world.primary.fault = Fault.REFUSED
    told.world.go(100)
    told.world.primary.fault = None
    told.world.go(100)
    assert [text.partition(":")[0] for text in told.new()] == ["warning", "success"]


def test_a_restart_on_the_secondary_still_sums_up_the_way_back(make_told):
    since = WALL_AT_ZERO_S + 400.0  # the engine starts at 1000
    told = make_told(restored=Restored(Memory(Role.SECONDARY, since, PAIR)), points_to=Role.SECONDARY)
    told.world.go(600)
    assert told.new() == [FAILED_BACK]
    assert "The secondary served for 10 min" in lines(told)[-1]


def test_a_restart_on_the_secondary_that_a_person_chose_awaits_nothing(make_told):
    memory = Memory(Role.SECONDARY, WALL_AT_ZERO_S, PAIR, ModeMemory(armed=False, by=PI, since_wall_s=WALL_AT_ZERO_S))
    told = make_told(restored=Restored(memory), points_to=Role.SECONDARY)
    told.world.go(600)
    assert told.new() == [f"warning: automatic switching is off, by {PI}"]


def test_a_person_s_failed_switch_is_that_person_s_own_news(make_told):
    told = make_told()
    told.world.router.outcome = SwitchError("DRAIN", "a transaction stays open")
    told.world.router.moves_before_outcome = False
    ask(told, events.SwitchRequest(PI, Role.SECONDARY, told.world.now.version))
    told.world.go(60)
    assert told.new() == []
    assert isinstance(told.world.journal.switches[-1], SwitchRecord)


def test_what_no_event_ends_is_over_when_all_is_as_it_was(make_told):
    """A person's switch of which nobody knew the outcome turns out not to have happened."""
    told = make_told()
    told.world.router.outcome = OutcomeUnknownError("console: no answer")
    told.world.router.moves_before_outcome = False
    ask(told, events.SwitchRequest(PI, Role.SECONDARY, told.world.now.version))
    told.world.go(60)
    assert [text.partition(":")[0] for text in told.new()] == ["failure", "success"]
    assert told.letters[-1][1].title.endswith("primary serves undisturbed again")
