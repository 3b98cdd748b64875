"""What people are told besides who serves: setup faults, PgBouncer, the standby, the journal, and that automation is off."""

from __future__ import annotations

import pytest

from hotswap_tui.core import events
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Event, Fault, Kind, Level, Role, Tell
from hotswap_tui.engine.ports import Memory, ModeMemory, Restored
from tests.engine.engine_world import PAIR, WALL_AT_ZERO_S, World

PI = "pi@tty1"
DAY_S = 86_400.0
SELDOM = Policy(check_interval_s=21_600.0, standby_check_interval_s=21_600.0)
"""Days of checks would take seconds."""


def ask(told, request):
    told.world.spawn(told.world.engine.request(request))
    told.world.go(1)


# -- databases ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.CREDENTIALS, Fault.MISSING, Fault.TLS, Fault.INTERNAL])
@pytest.mark.parametrize(("role", "tone"), [(Role.PRIMARY, "failure"), (Role.SECONDARY, "warning")])
def test_what_only_a_person_can_mend_is_told_once_until_it_is_mended(make_told, fault, role, tone):
    told = make_told()
    prober = told.world.probers[role]
    prober.fault = fault
    told.world.go(3600)
    assert told.new() == [f"{tone}: {role}: {fault.words}"]
    assert "hotswap-tui check" in told.body
    prober.fault = None
    told.world.go(600)
    assert [text[:38] for text in told.new()] == [f"success: {role}: answers as expected again"[:38]]


def test_a_setup_fault_that_lasts_hides_no_failover(make_told):
    told = make_told()
    told.world.secondary.fault = Fault.CREDENTIALS
    told.world.go(100)
    told.world.primary.fault = Fault.REFUSED
    told.world.go(100)
    assert told.new()[1:] == ["failure: primary is DOWN"]


def test_too_many_clients_is_for_the_screen_alone(make_told):
    told = make_told()
    told.world.primary.fault = Fault.TOO_MANY
    told.world.go(600)
    assert told.new() == []


def test_a_standby_is_missed_when_it_has_been_gone_for_long(make_told):
    told = make_told()
    told.world.secondary.fault = Fault.REFUSED
    told.world.go(890)
    assert told.new() == []
    told.world.go(60)
    assert told.new() == [
        "warning: no failover is possible: the secondary has been down for 15 min (connection refused)"
    ]
    told.world.go(3600)
    told.world.secondary.fault = None
    told.world.go(60)
    assert told.new() == ["success: the secondary answers again"]


# -- PgBouncer ------------------------------------------------------------------------------------------


def test_a_pgbouncer_that_stays_out_of_reach_is_told_and_a_restarted_one_is_not(make_told):
    told = make_told()
    told.world.router.error = "console: connection refused"
    told.world.until(lambda: bool(told.world.now.router.error), within_s=60)
    told.world.router.error = ""
    told.world.go(60)
    assert told.new() == []
    told.world.router.error = "console: connection refused"
    told.world.go(60)
    assert told.new() == ["failure: applications cannot connect: console: connection refused"]
    told.world.router.error = ""
    told.world.go(60)
    assert [text[:41] for text in told.new()] == ["success: PgBouncer is in order again and "]


def test_a_console_that_refuses_us_cuts_nobody_off(make_told):
    told = make_told()
    told.world.router.error = "console: password authentication failed"
    told.world.go(60)
    assert told.new() == ["warning: PgBouncer cannot be read: console: password authentication failed"]


def test_somebody_else_moved_traffic(make_told):
    told = make_told()
    told.world.router.points_to = Role.SECONDARY
    told.world.go(60)
    assert [text[:55] for text in told.new()] == ["failure: PgBouncer points to secondary:5432, but primar"]
    assert "hotswap-tui repair" in told.body
    assert "automatic switching is off" in told.body, "and no message of its own for that"
    ask(told, events.RepairRequest(PI, told.world.now.version))
    told.world.go(20)
    assert [text[:40] for text in told.new()] == [
        "success: PgBouncer is in order again and",
        "success: automatic switching is on again",
    ]


def test_somebody_else_paused_it(make_told):
    told = make_told()
    told.world.router.held = True
    told.world.go(60)
    assert [text[:33] for text in told.new()] == ["failure: PgBouncer is paused, and"]
    assert "hotswap-tui gateway release" in told.body
    told.world.router.held = False
    told.world.go(60)
    assert len(told.new()) == 1


def test_clients_that_could_not_be_let_go_on(make_told):
    told = make_told()
    told.world.router.release_error = "console: no answer"
    told.world.primary.fault = Fault.REFUSED
    told.world.until(lambda: told.world.router.holds != [], within_s=60)
    told.world.primary.fault = None
    told.world.until(lambda: told.letters != [], within_s=60)
    assert told.new() == ["failure: clients could not be let go on: console: no answer"]
    told.world.router.release_error = ""
    told.world.go(60)
    assert [text[:37] for text in told.new()] == ["success: PgBouncer is in order again "]


# -- ourselves ------------------------------------------------------------------------------------------


def test_a_journal_that_cannot_be_written(make_told):
    told = make_told()
    told.world.journal.broken = True
    told.world.loop.call_soon(told.world.engine.tell, Tell(Kind.CONFIG, Level.INFO, "anything"))
    told.world.go(60)
    assert told.new() == ["failure: journal: disk full"]
    told.world.journal.broken = False
    told.world.go(60)
    assert told.new() == ["success: the journal is written again"]


def test_settings_that_were_refused_are_one_message(make_told):
    told = make_told()
    for text in ("DB_HOLD_MAX: must be a number", "settings not changed: what is above must be put right first"):
        told.world.loop.call_soon(told.world.engine.tell, Tell(Kind.CONFIG, Level.BAD, text))
    told.world.go(1)
    assert told.new() == ["failure: settings not changed: what is above must be put right first"]
    assert "DB_HOLD_MAX" in told.body


# -- automation is off ----------------------------------------------------------------------------------


def test_disarmed_is_told_daily_while_it_lasts(make_told):
    told = make_told(policy=SELDOM, routed=False)
    ask(told, events.DisarmRequest(PI, "upgrade"))
    told.world.go(2 * DAY_S + 60)
    assert told.new() == [
        f"warning: {PI} switched automatic switching off: upgrade",
        f"warning: automatic switching is off for 1 d now, by {PI}: upgrade",
        f"warning: automatic switching is off for 2 d now, by {PI}: upgrade",
    ]
    ask(told, events.ArmRequest(PI))
    assert told.new() == [f"success: {PI} switched automatic switching on"]
    told.world.go(2 * DAY_S)
    assert told.new() == []


def test_a_disarming_with_an_end_is_told_when_it_ends(make_told):
    told = make_told()
    ask(told, events.DisarmRequest(PI, "upgrade", 600.0))
    told.world.go(700)
    assert [text.partition(":")[0] for text in told.new()] == ["warning", "success"]


@pytest.mark.parametrize(
    ("told_ago_s", "at_once", "within_s"),
    [(None, 1, DAY_S), (3600.0, 0, DAY_S - 3600), (DAY_S + 3600, 1, DAY_S)],
    ids=["nobody was ever told", "an hour ago", "the reminder fell into the pause"],
)
def test_a_restart_while_disarmed_reminds_a_day_after_people_were_told_last(make_told, told_ago_s, at_once, within_s):
    now_wall_s = WALL_AT_ZERO_S + 1000.0
    since = now_wall_s - 5 * DAY_S
    mode = ModeMemory(armed=False, by=PI, since_wall_s=since, why="upgrade")
    past: tuple[Event, ...] = ()
    if told_ago_s is not None:
        said = Event(7, now_wall_s - told_ago_s, Kind.NOTIFY, Level.INFO, "notified 1 of 1", data={"topic": "disarmed"})
        past = (said,)
    restored = Restored(Memory(Role.PRIMARY, since, PAIR, mode), last_event_id=7, events=past)
    told = make_told(restored=restored, policy=SELDOM, routed=False)
    told.world.go(60)
    assert len(told.new()) == at_once
    told.world.go(within_s - 120)
    assert told.new() == []
    told.world.go(180)
    assert [text[:39] for text in told.new()] == ["warning: automatic switching is off for"]


def test_what_an_hour_may_have_survives_a_restart(make_told):
    """A service that is restarted again and again by systemd while nothing serves tells no more than one that runs on."""
    now_wall_s = WALL_AT_ZERO_S + 1000.0
    past = tuple(
        Event(number, now_wall_s - 60, Kind.NOTIFY, Level.INFO, "notified 1 of 1", data={"topic": "serving"})
        for number in range(1, 17)
    )
    world = World(restored=Restored(last_event_id=16, events=past))
    world.primary.fault = world.secondary.fault = Fault.REFUSED
    told = make_told(world=world.start())
    told.world.go(1800)
    assert told.new() == []
    told.world.go(3600)
    assert [text[:29] for text in told.new()] == ["warning: 1 message was left o"]
    assert "still open: both primary and secondary databases are unavailable" in told.body


# -- the data -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tell", "heard"),
    [
        (Tell(Kind.SYNC, Level.BAD, "replication slot s on the primary is lost"), ["failure: replication slot s on"]),
        (
            Tell(Kind.SYNC, Level.WARNING, "a failback is DIVERGED: 3 transactions", data={"verdict": "diverged"}),
            ["warning: a failback is DIVERGED: 3 tra"],
        ),
        (Tell(Kind.SYNC, Level.WARNING, "the schemas differ in 2 places"), []),
        (Tell(Kind.SYNC, Level.INFO, "a failback is SAFE: nothing was written", data={"verdict": "safe"}), []),
    ],
)
def test_data_at_risk_is_told_and_what_can_wait_is_not(make_told, tell, heard):
    told = make_told()
    told.world.loop.call_soon(told.world.engine.tell, tell)
    told.world.go(60)
    assert [text[: len(heard[0])] if heard else text for text in told.new()] == heard
