"""Values go over the wire and come back the same; what cannot be understood is said, never guessed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotswap_tui import __version__
from hotswap_tui.api import samples, wire
from hotswap_tui.api.requests import REQUESTS, request_name
from hotswap_tui.core.events import CheckRequest, DisarmRequest, Request, SwitchRequest
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.snapshot import Snapshot
from hotswap_tui.core.values import Event, Kind, Level, Mode, Role, Verdict
from tests.api.control_world import QUICK, control_world
from tests.support.pictures import EVENTS, snapshot
from tests.support.routed_pictures import pictures

PICTURES = pictures()
SPOKEN = (Snapshot, Event, *REQUESTS.values())


def over(kind: Any, value: Any) -> Any:
    """Send `value` over the wire."""
    line = wire.dumps(wire.to_plain(value))
    assert b"\n" not in line
    return wire.from_plain(kind, wire.loads(line))


def same(ours: Any, theirs: Any, place: str = "") -> bool:
    """Compare field by field, types included; pictures have no equality of their own."""
    assert type(ours) is type(theirs), place
    if is_dataclass(ours):
        return all(
            same(getattr(ours, field.name), getattr(theirs, field.name), f"{place}.{field.name}")
            for field in fields(ours)
        )
    if isinstance(ours, Mapping):
        assert list(ours) == list(theirs), place
        return all(same(ours[name], theirs[name], f"{place}.{name}") for name in ours)
    if isinstance(ours, tuple):
        assert len(ours) == len(theirs), place
        return all(same(*both, f"{place}[{at}]") for at, both in enumerate(zip(ours, theirs, strict=True)))
    assert ours == theirs or (ours != ours and theirs != theirs), place  # noqa: PLR0124 - NaN is not itself
    return True


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_survives(name):
    assert same(PICTURES[name], over(Snapshot, PICTURES[name]))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.kind))
def test_every_event_survives(event):
    assert same(event, over(Event, event))


async def test_the_picture_of_a_living_engine_survives(tmp_path):
    async with control_world(tmp_path, QUICK) as world:
        await world.settled()
        picture = world.local.snapshot()
        assert same(picture, over(Snapshot, picture))
        assert same(world.local.events()[0], over(Event, world.local.events()[0]))


# -- whatever the types allow ---------------------------------------------------------------------

NUMBERS = st.floats(allow_nan=True)
TEXTS = st.text(st.characters(), max_size=20)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(-(2**70), 2**70),
    float: NUMBERS,
    bool: st.booleans(),
    NoneType: st.none(),
}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of the type `kind`, as its annotations describe them."""
    arguments = get_args(kind)
    if get_origin(kind) is UnionType:
        return st.one_of(*(anything(argument) for argument in arguments))
    if get_origin(kind) is tuple:
        return st.lists(anything(arguments[0]), max_size=3).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(TEXTS, anything(arguments[1]), max_size=3)
    if kind in SCALARS:
        return SCALARS[kind]
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    hints = get_type_hints(kind, localns=dict(wire._NAMES))
    return st.builds(kind, **{field.name: anything(hints[field.name]) for field in fields(kind)})


@pytest.mark.parametrize("kind", SPOKEN, ids=lambda kind: kind.__name__)
def test_whatever_the_types_allow_survives(kind):
    """Infinite numbers, lone surrogates and hundred-digit integers included."""

    @settings(max_examples=15, deadline=None, database=None)
    @given(anything(kind))
    def survives(value: Any) -> None:
        assert same(value, over(kind, value))

    survives()


def test_a_field_that_has_no_form_on_the_wire_is_noticed():
    """The table above asks for a decoder of every field; this is what a field that nobody thought of would do to it."""

    @dataclass(frozen=True)
    class New:
        moment: complex

    with pytest.raises(TypeError, match="no form on the wire"):
        wire.decoder(New)
    with pytest.raises(TypeError, match="no form on the wire"):
        wire.decoder(Mode | Role)


def test_every_request_has_a_name():
    assert set(REQUESTS.values()) == set(get_args(Request))
    assert [request_name(CheckRequest("pi")), request_name(SwitchRequest("pi", Role.PRIMARY, 1))] == ["check", "switch"]


# -- other versions -------------------------------------------------------------------------------


def test_what_a_newer_engine_adds_is_passed_over():
    plain = wire.to_plain(snapshot())
    plain["moon"] = {"phase": "full"}
    plain["primary"]["verdict"]["mood"] = 7
    assert same(snapshot(), wire.from_plain(Snapshot, plain))


def test_what_an_older_engine_lacks_takes_its_default():
    plain = wire.to_plain(snapshot())
    del plain["drill"], plain["policy"]["observe"], plain["primary"]["notes"]
    assert same(snapshot(), wire.from_plain(Snapshot, plain))
    assert wire.from_plain(Policy, {}) == Policy()


MALFORMED = [
    (Verdict, {"role": "primary"}, "started_s is missing"),
    (Mode, {"armed": 1}, "armed must be true or false"),
    (Mode, {"since_s": "soon"}, "since_s must be a number"),
    (Mode, {"since_s": True}, "since_s must be a number"),
    (Mode, {"since_s": 10**400}, "since_s is too large a number"),
    (Mode, {"until_s": {"float": "1e5"}}, "until_s must be a number"),
    (Mode, {"by": None}, "by must be a text"),
    (Mode, [], "must be an object"),
    (Event, {"id": 1.5, "wall_s": 0, "kind": "started", "level": "INFO", "text": ""}, "id must be a whole number"),
    (Event, {"id": 1, "wall_s": 0, "kind": "eclipse", "level": "INFO", "text": ""}, "kind must be one of started,"),
    (Event, {"id": 1, "wall_s": 0, "kind": "started", "level": "·", "text": ""}, "level must be one of INFO,"),
    (Event, {"id": 1, "wall_s": 0, "kind": "started", "level": "BAD", "text": "", "data": {"x": []}}, "data must be"),
    (DisarmRequest, {"by": "pi", "for_s": "2h"}, "for_s must be a number"),
]


@pytest.mark.parametrize(("kind", "plain", "message"), MALFORMED, ids=[message for _, _, message in MALFORMED])
def test_what_is_wrong_is_named_with_its_place(kind, plain, message):
    with pytest.raises(wire.MalformedError) as caught:
        wire.from_plain(kind, plain)
    assert str(caught.value).startswith(message)


def test_a_place_deep_down_is_named():
    plain = wire.to_plain(snapshot())
    plain["primary"]["verdict"]["finished_s"] = "x"
    with pytest.raises(wire.MalformedError, match=r"^primary\.verdict\.finished_s must be a number$"):
        wire.from_plain(Snapshot, plain)


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b"[Infinity]", b"\xff", b"[" * 100_000, b"1" * 10_000])
def test_what_is_not_json_is_malformed(text):
    with pytest.raises(wire.MalformedError, match="JSON"):
        wire.loads(text)


def test_infinite_numbers_are_json():
    plain = json.loads(wire.dumps(wire.to_plain(Mode(since_s=math.inf, until_s=-math.inf))), parse_constant=pytest.fail)
    assert plain["since_s"] == {"float": "inf"}


def test_levels_have_names_on_the_wire():
    assert wire.to_plain(Event(1, 0.0, Kind.ARMED, Level.GOOD, ""))["level"] == "GOOD"


def test_an_engine_of_another_version_is_named():
    with pytest.raises(
        wire.WireError, match=rf"another version \(9\.9, this is {__version__}\); restart the older one"
    ):
        wire.check_stamp({"wire": wire.VERSION + 1, "version": "9.9"})
    with pytest.raises(wire.MalformedError):
        wire.check_stamp({"message": "I am somebody else"})
    assert wire.check_stamp({**wire.STAMP}) == wire.STAMP


# -- samples --------------------------------------------------------------------------------------


def test_samples_survive_to_the_millisecond_and_microsecond():
    times = [500_000.0004, 500_000.3336, 500_001.9999, 500_001.9999, 499_999.0]
    sent = {Role.PRIMARY: list(zip(times, [0.25, None, 12.3456789, 0.0, 9.0], strict=True)), Role.SECONDARY: []}
    back = samples.unpack(wire.loads(wire.dumps(samples.pack(sent))))
    assert list(back) == [Role.PRIMARY]
    assert [at_s for at_s, _ in back[Role.PRIMARY]] == pytest.approx(times, abs=0.0006)
    assert [ms for _, ms in back[Role.PRIMARY]] == [0.25, None, 12.346, 0.0, 9.0]


@pytest.mark.parametrize(
    "plain", [[], {"moon": {}}, {"primary": {"ms": [1]}}, {"primary": {"ms": [1], "us": []}}, {"primary": 1}]
)
def test_samples_of_another_form_are_malformed(plain):
    with pytest.raises(wire.MalformedError):
        samples.unpack(plain)
