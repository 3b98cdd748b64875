"""What real sequences give before and after a switch: no value twice, and none refused because of us."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psycopg
import pytest

from hotswap_tui.core.values import Role
from hotswap_tui.sync.known import Known
from tests.sync.sequence_world import Both, both_with, looked_at, secure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clusters import ServerPair

SESSIONS: Final = 3


class Kind(NamedTuple):
    """A sequence, and how many values each session takes of it: before the last look, after it, and of the target."""

    name: str
    options: str = ""
    before: int = 4
    after: int = 5
    then: int = 5


KINDS: Final = (
    Kind("plain"),
    Kind("unused", before=0, after=0),
    Kind("unseen", "START 700", before=0),
    Kind("cached", "CACHE 50"),
    # Each session has taken a second block since the last look, and the target's sessions take several.
    Kind("cached_again", "CACHE 20", before=15, after=15, then=60),
    Kind("cached_tens", "INCREMENT 10 CACHE 30", then=70),
    Kind("down", "INCREMENT -3 START -1 MAXVALUE -1 MINVALUE -100000 CACHE 7", then=20),
    Kind("ends", "MAXVALUE 100", before=20, after=5, then=3),
    Kind("ends_cached", "MAXVALUE 200 CACHE 10", before=20, after=12, then=3),
    Kind("ends_below", "INCREMENT -1 START -1 MAXVALUE -1 MINVALUE -80", before=15, after=5, then=2),
    Kind("last_one", "AS smallint START 32757", before=1, after=1, then=1),
    Kind("circle", "MAXVALUE 1000 START 970 CYCLE", before=4, after=8, then=30),
    Kind("circle_cached", "MAXVALUE 1000 START 900 CYCLE CACHE 25", before=4, after=30, then=30),
)
TABLE: Final = "CREATE TABLE small (id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"
SCHEMA: Final = "; ".join((TABLE, *(f"CREATE SEQUENCE {kind.name} {kind.options}" for kind in KINDS)))
INSERT: Final = "INSERT INTO small DEFAULT VALUES RETURNING id"


class Clients:
    """Sessions of one server; they stay, with the values that they have taken ahead of themselves."""

    def __init__(self, stack: ExitStack, both: Both, role: Role) -> None:
        self._sessions = [
            stack.enter_context(psycopg.connect(both.url(role), autocommit=True)) for _ in range(SESSIONS)
        ]

    def take(self, wished: dict[str, int]) -> dict[str, list[int]]:
        """Let every session in turn take so many values of each sequence, and `small` as many rows."""
        return {
            name: list(chain.from_iterable(_taken(session, name, many) for session in self._sessions))
            for name, many in wished.items()
        }


def _taken(session: psycopg.Connection[Any], name: str, many: int) -> list[int]:
    if name == "small":
        return [session.execute(INSERT).fetchall()[0][0] for _ in range(many)]
    query = "SELECT nextval(%s::regclass) FROM generate_series(1, %s)"
    return [int(value) for (value,) in session.execute(query, [name, many]).fetchall()]


@pytest.fixture
def both(server_pair: ServerPair) -> Iterator[Both]:
    with both_with(server_pair, SCHEMA) as both:
        yield both


@pytest.mark.parametrize("alive", [True, False], ids=["orderly", "after a crash"])
def test_no_value_is_given_twice_and_none_refused(both, alive):
    """Not by a session either that had taken values ahead before the switch and is asked for them afterwards."""
    with ExitStack() as stack:
        source, target = (Clients(stack, both, role) for role in (Role.SECONDARY, Role.PRIMARY))
        given = [source.take({kind.name: kind.before for kind in KINDS} | {"small": 2})]
        known = Known() if alive else looked_at(both)
        given.append(source.take({kind.name: kind.after for kind in KINDS} | {"small": 2}))
        assert secure(both, known, alive=alive).problem == ""
        given.append(target.take({kind.name: kind.then for kind in KINDS} | {"small": 2}))
        given.append(source.take({kind.name: 2 for kind in KINDS if "CACHE" in kind.options}))
        for name in given[0]:
            values = list(chain.from_iterable(each.get(name, ()) for each in given))
            assert len(set(values)) == len(values), name


@pytest.mark.parametrize("alive", [True, False], ids=["orderly", "after a crash"])
def test_a_sequence_that_has_values_left_has_some_after_any_number_of_switches(both, alive):
    """However little is left; one that its source has used up is used up."""
    both.run(Role.SECONDARY, "SELECT setval('ends', 98)", "SELECT setval('last_one', 32767)")
    for _ in range(3):
        secure(both, looked_at(both), alive=alive)
    assert both.value(Role.PRIMARY, "SELECT nextval('ends')") in {99, 100}
    with pytest.raises(psycopg.errors.SequenceGeneratorLimitExceeded):
        both.value(Role.PRIMARY, "SELECT nextval('last_one')")
