"""However databases flap: never too many messages in an hour, each told incident summed up once, nothing in a quiet hour."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault, Kind, Level, Role
from hotswap_tui.notify.incidents import Incidents
from hotswap_tui.notify.message import Message
from hotswap_tui.notify.rate import HOUR_S, PER_HOUR

TOPICS = ("serving", "pgbouncer", "primary setup", "secondary setup", "standby", "journal", "disarmed")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("news", "close", "notice", "wait")),
        st.sampled_from(TOPICS),
        st.integers(0, 3),
        st.booleans(),
        st.one_of(st.floats(0, 60), st.floats(0, 2 * HOUR_S)),
    ),
    max_size=200,
)


def too_many(sent_s: list[float]) -> bool:
    """Say whether any hour has more than it may."""
    return any(later - sooner < HOUR_S for sooner, later in zip(sent_s, sent_s[PER_HOUR:], strict=False))


class Reader:
    """Reads what is sent as a person does, who knows which incidents are open."""

    def __init__(self) -> None:
        self.sent_s: list[float] = []
        self.told: set[str] = set()
        """Incidents that people know of and wait to see the end of."""

    def read(self, message: Message, now_s: float) -> None:
        self.sent_s.append(now_s)
        topic, _, what = message.text.partition("|")
        if what == "closed":
            assert topic in self.told, "a summary of what nobody was told, or a second one"
            self.told.remove(topic)
        elif what.startswith("news"):
            self.told.add(topic)
        for line in message.lines:
            self.told.add(line.removeprefix("still open: ").partition("|")[0])


@settings(deadline=None, max_examples=200)
@given(STEPS)
def test_the_bounds_hold_for_anything_that_can_happen(steps):
    incidents, reader, now_s = Incidents(), Reader(), 0.0
    for what, topic, key, urgent, wait_s in steps:
        was_told = topic in reader.told
        if what == "news":
            incidents.news(message(topic, f"news {key}"), str(key), now_s, urgent=urgent)
        elif what == "close":
            incidents.close(message(topic, "closed"), now_s)
        elif what == "notice":
            incidents.notice(message(topic, f"notice {now_s}"), now_s)
        for sent in incidents.outgoing(now_s, now_s):
            reader.read(sent, now_s)
        if what == "close":
            assert not was_told or topic not in reader.told, "its summary is never late"
        now_s += wait_s
    assert not too_many(reader.sent_s)


def message(topic: str, what: str) -> Message:
    return Message(topic, Level.INFO, f"{topic}|{what}", 0.0)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_what_was_left_out_is_counted_and_told_when_there_is_room(bursts):
    incidents, sent, given_, now_s = Incidents(), 0, 0, 0.0
    for burst in bursts:
        for number in range(burst):
            incidents.notice(message("notice", f"{now_s} {number}"), now_s)
        given_ += burst
        sent += len(incidents.outgoing(now_s, 0.0))
        now_s += 60.0
    left_out = 0
    while (wake_s := incidents.wake_s()) is not None:
        assert wake_s >= now_s - 60.0
        now_s = max(now_s, wake_s)
        for line in incidents.outgoing(now_s, 0.0):
            left_out += int(line.text.split()[0])
    assert left_out <= given_ - sent + len(bursts)
    assert sent + left_out >= given_ - len(bursts)


def test_an_incident_that_people_know_from_the_line_about_the_rest_is_summed_up():
    incidents = Incidents(sent_s=[0.0] * PER_HOUR)
    incidents.news(message("serving", "news"), "down", 10.0, urgent=True)
    assert incidents.outgoing(10.0, 0.0) == []
    (line,) = incidents.outgoing(HOUR_S + 1, 0.0)
    assert line.lines == ("still open: serving|news",)
    incidents.close(message("serving", "closed"), HOUR_S + 2)
    assert [sent.text for sent in incidents.outgoing(HOUR_S + 2, 0.0)] == ["serving|closed"]


@pytest.mark.parametrize("flap_s", [7.0, 40.0])
def test_flapping_databases(make_told, flap_s):
    """Two databases that come and go for two hours, through the whole engine."""
    fast = Policy(
        check_interval_s=5.0, failure_retry_interval_s=1.0, primary_retry_interval_s=10.0, max_switches_per_hour=100
    )
    told = make_told(policy=fast, routed=False)
    for number in range(int(2 * HOUR_S / flap_s)):
        told.world.primary.fault = Fault.REFUSED if number % 2 else None
        told.world.secondary.fault = Fault.REFUSED if number % 3 == 1 else None
        told.world.go(flap_s)
    moments_s = [moment_s for moment_s, _ in told.letters]
    assert not too_many(moments_s)
    happened = sum(event.kind in {Kind.SWITCHED, Kind.BOTH_DOWN} for event in told.world.log)
    assert happened < 10 or len(moments_s) > 10, "something is told in any case"
    told.world.primary.fault = told.world.secondary.fault = None
    told.world.until(lambda: told.world.now.active is Role.PRIMARY and told.world.now.serving, within_s=3 * HOUR_S)
    told.world.go(2 * HOUR_S)
    told.new()
    told.world.go(2 * HOUR_S)
    assert told.new() == [], "quiet hours are quiet"
    assert told.notifier._desk._incidents._open == {}
    assert sorted(moments_s) == moments_s
    assert all(sooner <= later for sooner, later in pairwise(moments_s))
