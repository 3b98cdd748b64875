"""Where a sequence has to go, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.sync.handover.sequence_state import Place, SequenceState, advanced, copied, is_behind
from hotswap_tui.sync.handover.sequences import drift

BIGGEST = 2**63 - 1
UNUSED = SequenceState("public", "s", 1, False, 1, 1, BIGGEST, False)


def used(last, **changes):
    return replace(UNUSED, last_value=last, is_called=True, **changes)


@pytest.mark.parametrize(
    ("own", "source", "place"),
    [
        (UNUSED, used(100), Place(132, True)),
        (used(40), used(100), Place(132, True)),
        (used(99), used(100), Place(132, True)),
        (used(100), used(100), None),
        (used(140), used(100), None),
        (UNUSED, UNUSED, None),
        (UNUSED, replace(UNUSED, last_value=500), Place(531, True)),
        (used(499), replace(UNUSED, last_value=500), None),
        (UNUSED, used(100, increment=10), Place(141, True)),
        (
            replace(UNUSED, increment=-1, minimum=-1000, maximum=-1, last_value=-1),
            used(-100, increment=-1, minimum=-1000, maximum=-1),
            Place(-132, True),
        ),
        (used(-40, increment=-5, minimum=-1000), used(-100, increment=-5, minimum=-1000), Place(-260, True)),
        (used(2, increment=2), used(101, increment=2), Place(166, True)),
        (used(1, increment=2), used(101, increment=2), Place(165, True)),
        (used(5, maximum=200), used(180, maximum=200), Place(189, True)),
        (used(5, maximum=200), used(200, maximum=200), Place(200, True)),
        (used(5, maximum=200), used(900), Place(200, True)),
        (used(200, maximum=200), used(200, maximum=200), None),
        (used(900, cycle=True, maximum=1000), used(5, cycle=True, maximum=1000), Place(38, False)),
        (used(5, cycle=True, maximum=1000), used(980, cycle=True, maximum=1000), Place(13, False)),
        (used(5, cycle=True, maximum=1000), used(5, cycle=True, maximum=1000), None),
    ],
)
def test_an_orderly_switch_brings_a_sequence_beyond_its_source(own, source, place):
    assert copied(own, source) == place


@pytest.mark.parametrize(
    ("own", "known", "gap", "place"),
    [
        (UNUSED, None, 1000, Place(1000, True)),
        (UNUSED, None, 0, None),
        (UNUSED, used(70), 0, Place(70, True)),
        (UNUSED, used(70), 1000, Place(1070, True)),
        (replace(UNUSED, highest=90), used(70), 1000, Place(1090, True)),
        (replace(UNUSED, highest=90), used(170), 1000, Place(1170, True)),
        (used(300, highest=90), used(70), 1000, Place(1300, True)),
        (used(300), used(70), 0, None),
        (
            replace(UNUSED, increment=-1, minimum=-10_000, maximum=-1, last_value=-1, highest=-20),
            None,
            100,
            Place(-120, True),
        ),
        (used(100, maximum=32_767, highest=32_700), None, 1000, Place(32_733, True)),
        (used(100, maximum=32_767, highest=32_767), None, 1000, Place(1100, True)),
        (used(32_767, maximum=32_767, highest=32_767), used(32_767, maximum=32_767), 1000, None),
        (used(5, maximum=32_767), used(32_767, maximum=32_767), 1000, Place(32_767, True)),
        (used(5, maximum=200), used(900), 1000, Place(200, True)),
        (used(5, cycle=True, maximum=200), used(200, cycle=True, maximum=200), 1000, Place(101, False)),
        (used(5, cycle=True, maximum=2000), used(1900, cycle=True, maximum=2000), 1000, Place(901, False)),
        (used(5, cycle=True, maximum=2000), None, 1000, Place(1006, False)),
        (used(5, cycle=True, maximum=2000), used(70, cycle=True, maximum=2000), 0, Place(71, False)),
        (used(5, cycle=True, maximum=2000), None, 0, None),
        (used(4, increment=2, highest=101), None, 10, Place(122, True)),
    ],
)
def test_a_failover_brings_a_sequence_beyond_whatever_is_known(own, known, gap, place):
    assert advanced(own, known, gap) == place


def test_what_is_behind_is_told_and_what_is_missing():
    serving = (used(50), replace(used(9), name="alone"), replace(used(7, schema="x"), name="level"))
    other = (used(49), replace(used(7, schema="x"), name="level"))
    told = {(each.name, each.serving, each.other) for each in drift(serving, other)}
    assert told == {("s", 50, 49), ("alone", 9, None)}
    assert not is_behind(used(50), used(49))
