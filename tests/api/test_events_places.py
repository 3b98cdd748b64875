"""How far a reader has come, also when the journal was begun anew meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.api.places import BEGINNING, Place, follows, newest, parse_place, place_of, unseen
from tests.support.journal_entries import WALL_S, event

KEPT = tuple(event(number) for number in range(11, 21))
ANOTHER = tuple(replace(event(number), wall_s=WALL_S + 5000 + number) for number in range(1, 21))
"""A journal that was begun anew and has told as many events since."""


def at(number: int) -> Place:
    return place_of(event(number))


@pytest.mark.parametrize(
    ("place", "kept", "seamless", "first"),
    [
        (BEGINNING, KEPT, True, 11),
        (at(10), KEPT, True, 11),
        (at(11), KEPT, True, 12),
        (at(19), KEPT, True, 20),
        (at(20), KEPT, True, None),
        (at(9), KEPT, False, 11),
        (at(21), KEPT, False, 11),
        (at(15), ANOTHER, False, 1),
        (at(20), ANOTHER, False, 1),
        (at(21), ANOTHER, False, 1),
        (Place(15), KEPT, True, 16),
        (Place(15), ANOTHER, True, 16),
        (Place(9), KEPT, False, 11),
        (BEGINNING, (), True, None),
        (at(15), (), False, None),
        (at(14), (event(13), event(16)), True, 16),
    ],
    ids=[
        "the beginning",
        "just before what is kept",
        "the oldest",
        "all but the newest",
        "everything",
        "events in between are lost",
        "from the future: the journal was begun anew",
        "the same number in another journal",
        "the newest number of another journal",
        "past another journal",
        "a bare number",
        "a bare number cannot tell journals apart",
        "a bare number that is lost",
        "nothing was ever told",
        "nothing is kept any more",
        "a number that was never given away",
    ],
)
def test_what_follows_a_place(place, kept, seamless, first):
    assert follows(place, kept) is seamless
    rest = unseen(place, kept)
    assert (rest[0].id if rest else None) == first
    assert list(rest) == [told for told in kept if first is not None and told.id >= first]


def test_a_place_is_an_id_and_back():
    assert str(at(12)) == "12-1760000012000"
    assert parse_place(str(at(12))) == at(12)
    assert (parse_place("12"), str(Place(12))) == (Place(12), "12")
    assert newest(KEPT) == at(20)
    assert newest(()) == BEGINNING


@pytest.mark.parametrize(
    "text", ["", "-", "x", "1-", "-1", "1-2-3", "1.5", "٣", "1 2", "9" * 20, "1-" + "9" * 19, "²", "0x1", "1_0"]
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ValueError):
        _ = parse_place(text)
