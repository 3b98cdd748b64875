"""What is said of replication slots: who reads them, what they keep, and until when there is room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.sync import Relation, SyncReading
from hotswap_tui.doctor.finding import Level
from hotswap_tui.doctor.slots import slots
from tests.doctor.looks import PRIMARY, SECONDARY, SLOT, data

IDLE = replace(SLOT, active=False)
LOST = replace(IDLE, lost=True, retained_bytes=None)
DROP = "SELECT pg_drop_replication_slot('{}') on the primary"


def found(slot, look=None, engine=None, age_s=0.0):
    look = look or data()
    return [*slots(replace(look, reading=replace(look.reading, slots=(slot,))), engine, age_s)]


@pytest.mark.parametrize(
    ("slot", "level", "text", "fix"),
    [
        (SLOT, Level.OK, "the slot app_sub is read, and keeps 2.0 kB", ""),
        (
            IDLE,
            Level.WARNING,
            "nobody reads the slot app_sub, which keeps 2.0 kB, and more and more until the disk is full",
            f"mend its subscription on the secondary, as said above; before the disk is full: {DROP.format('app_sub')}",
        ),
        (
            replace(IDLE, left_bytes=1 << 30),
            Level.WARNING,
            "nobody reads the slot app_sub, which keeps 2.0 kB, and is lost after 1.0 GB more",
            "mend its subscription",
        ),
        (
            replace(IDLE, name="old", retained_bytes=None),
            Level.WARNING,
            "nobody reads the slot old, which keeps nothing known, and more and more until the disk is full",
            f"if nothing is to read it any more: {DROP.format('old')}",
        ),
        (
            LOST,
            Level.PROBLEM,
            "the server has given up what the slot app_sub kept: what reads it has lost its place",
            "set its subscription on the secondary up anew, as said above",
        ),
        (
            replace(LOST, name="old"),
            Level.PROBLEM,
            "the server has given up what the slot old kept: what reads it has lost its place",
            f"{DROP.format('old')}, then set up anew what has read it",
        ),
    ],
)
def test_each_state(slot, level, text, fix):
    (told,) = found(slot)
    assert (told.level, told.subject, told.text) == (level, PRIMARY, text)
    assert told.fix.startswith(fix)
    assert bool(told.fix) is bool(fix)


@pytest.mark.parametrize(
    ("full_in_s", "age_s", "level", "words"),
    [
        (90_000.0, 0.0, Level.OK, "keeps 2.0 kB: disk full in 25h"),
        (90_000.0, 7_200.0, Level.WARNING, "disk full in 23h"),
        (3_000.0, 60.0, Level.PROBLEM, "disk full in 49m"),
        (30.0, 60.0, Level.PROBLEM, "disk full in 0.0s"),
        (None, 0.0, Level.OK, "is read, and keeps 2.0 kB"),
    ],
)
def test_an_engine_knows_how_fast_it_grows(full_in_s, age_s, level, words):
    engine = SyncReading(0.0, slots=(replace(SLOT, name="other", full_in_s=1.0), replace(SLOT, full_in_s=full_in_s)))
    (told,) = found(SLOT, engine=engine, age_s=age_s)
    assert told.level is level
    assert told.text.endswith(words)
    assert bool(told.fix) is (level is not Level.OK)


def test_a_slot_of_a_database_that_is_away_waits_for_it():
    (told,) = found(IDLE, data(Relation.UNKNOWN, asked=frozenset({PRIMARY}), subscribed=()))
    assert told.fix.startswith("start the secondary again, if it reads it; before the disk is full: SELECT pg_drop")


def test_a_standbys_slot_is_known_by_its_name():
    (told,) = found(replace(IDLE, name="standby_slot"), data(Relation.PHYSICAL))
    assert told.fix.startswith("mend its standby on the secondary")


def test_the_most_urgent_comes_first():
    every = (SLOT, replace(IDLE, full_in_s=60.0, name="soon"), replace(LOST, role=SECONDARY))
    told = [*slots(data(slots=every), None, 0.0)]
    assert [each.level for each in told] == [Level.PROBLEM, Level.PROBLEM, Level.OK]
    assert [each.subject for each in told] == [SECONDARY, PRIMARY, PRIMARY]
