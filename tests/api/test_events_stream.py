"""Server-Sent Events over HTTP: replay, what is new, and clients that read slowly or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hotswap_tui.api import connection
from hotswap_tui.api import events as streaming
from hotswap_tui.api.places import place_of
from hotswap_tui.engine.log import json_line
from tests.support.journal_entries import event
from tests.support.openapi_schemas import check_component
from tests.support.public_api import ScriptedLocal, Served, public
from tests.support.until import until

if TYPE_CHECKING:
    from hotswap_tui.core.values import Event
    from tests.support.public_api import Exchange, Message

PATH = "/api/events"


class Teller(ScriptedLocal):
    """Tells events as the engine does: in a new tuple each time, of which the oldest go."""

    def __init__(self, numbers: range = range(1, 6), keep: int = 1000) -> None:
        super().__init__(events=[event(number) for number in numbers])
        self._keep = keep

    def tell(self, *told: Event) -> None:
        """Tell events, and the listeners of them."""
        self.told = [*self.told, *told][-self._keep :]
        self.change()


async def message(stream: Exchange) -> Message:
    told = await stream.message()
    assert told is not None
    return told


async def numbers(stream: Exchange, count: int) -> list[int]:
    return [int((await message(stream)).event["id"]) for _ in range(count)]


async def test_only_what_is_new_is_told_to_who_asks_for_no_more():
    client = Teller()
    async with public(client) as api, await api.stream() as stream:
        client.tell(event(6))
        told = await message(stream)
        assert told.fields["id"] == str(place_of(event(6)))
        assert told.fields["data"] == json_line(event(6)), "the object of the JSON log"
        check_component(told.event, "Event")
        client.tell(event(7), event(8))
        assert await numbers(stream, 2) == [7, 8]


@pytest.mark.parametrize("header", [True, False])
async def test_what_was_missed_is_told_again_and_goes_on_without_a_gap(header):
    client = Teller()
    place = str(place_of(event(3)))
    async with public(client) as api:
        target = PATH if header else f"{PATH}?last_event_id={place}"
        headers = [("Last-Event-ID", place)] if header else []
        async with await api.stream(target, headers) as stream:
            client.tell(event(6))
            assert await numbers(stream, 3) == [4, 5, 6]


async def test_the_header_outranks_the_address():
    """A browser comes again to the same address, and knows better by then."""
    both = (f"{PATH}?last_event_id=0", [("Last-Event-ID", "4")])
    async with public(Teller()) as api, await api.stream(*both) as stream:
        assert await numbers(stream, 1) == [5]


async def test_all_that_is_kept_can_be_asked_for():
    client = Teller(range(1, 1001))
    async with public(client) as api, await api.stream(f"{PATH}?last_event_id=0") as stream:
        assert await numbers(stream, 1000) == list(range(1, 1001))


@pytest.mark.parametrize("place", ["4-1759999999999", "900-1760000900000", "1-1760000001000"])
async def test_who_cannot_go_on_is_told_and_gets_all_that_is_kept(place):
    """Another journal, a journal begun anew, and events that are not kept any more."""
    client = Teller(range(4, 7))
    async with public(client) as api, await api.stream(headers=[("Last-Event-ID", place)]) as stream:
        first = await message(stream)
        assert (first.fields["event"], set(json.loads(first.fields["data"]))) == ("reset", {"why"})
        assert await numbers(stream, 3) == [4, 5, 6]


async def test_the_first_event_ever_reaches_a_stream_that_was_there_before():
    client = Teller(range(1, 1))
    async with public(client) as api, await api.stream() as stream:
        client.tell(event(1))
        assert await numbers(stream, 1) == [1]


async def test_silence_is_filled_with_comments(monkeypatch):
    monkeypatch.setattr(streaming, "HEARTBEAT_S", 0.01)
    client = Teller()
    async with public(client) as api, await api.stream() as stream:
        for _ in range(3):
            assert (await message(stream)).fields == {":": ""}


async def test_a_change_without_an_event_writes_nothing():
    client = Teller()
    async with public(client) as api, await api.stream() as stream:
        for _ in range(50):
            client.change()
        client.tell(event(6))
        assert await numbers(stream, 1) == [6]


async def test_streams_are_bounded_and_make_room():
    client = Teller()
    async with public(client) as api:
        streams = [await api.stream() for _ in range(streaming.MOST_STREAMS)]
        refused = await api.ask(PATH)
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        check_component(refused.json(), "Error")
        assert (await api.ask("/api/health")).status == 200
        client.tell(event(6))
        for stream in streams:
            assert await numbers(stream, 1) == [6]
            await stream.close()
        await until(lambda: not client.listeners, what="all listeners gone")
        async with await api.stream():
            pass
    assert api.faults == []


async def test_who_falls_behind_is_closed_and_may_come_again(monkeypatch):
    """The engine keeps no more for a slow client than for any other."""
    monkeypatch.setattr(streaming, "AT_ONCE", 1)
    client = Teller(keep=2)
    async with public(client) as api, await api.stream(f"{PATH}?last_event_id=0") as stream:
        assert (await message(stream)).id
        client.tell(*(event(number) for number in range(6, 30)))
        place = ""
        while (told := await stream.message()) is not None:
            place = told.id
        async with await api.stream(headers=[("Last-Event-ID", place)]) as again:
            assert (await message(again)).fields["event"] == "reset"
            assert await numbers(again, 2) == [28, 29]


async def test_who_does_not_read_is_cut_off_and_harms_nobody(monkeypatch):
    monkeypatch.setattr(connection, "READ_S", 0.5)
    client = Teller()
    async with public(client) as api, await api.stream() as deaf, await api.stream() as reader:
        number = 6
        while len(client.listeners) == 2:
            client.tell(event(number, text="x" * 200_000))
            assert await numbers(reader, 1) == [number]
            number += 1
        assert number < 1000, "what the kernel takes is bounded"
        assert deaf is not reader
    assert api.faults == []


async def test_a_stream_ends_in_order_when_the_server_does():
    client = Teller()
    async with public(client) as api:
        stream = await api.stream()
    assert await stream.message() is None
    await stream.close()
    assert client.listeners == []


@pytest.mark.parametrize("place", ["x", "1-2-3", "-1", "1.5", "99999999999999999999"])
async def test_an_id_that_makes_no_sense_is_refused(place):
    async with public(Teller()) as api:
        for target, headers in ((f"{PATH}?last_event_id={place}", []), (PATH, [("Last-Event-ID", place)])):
            answer = await api.ask(target, headers=headers)
            assert answer.status == 400
            check_component(answer.json(), "Error")


async def test_head_opens_no_stream():
    client = Teller()
    async with public(client) as api:
        answer = await api.ask(PATH, "HEAD")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert await _still_answers(api)
    assert client.listeners == []


async def _still_answers(api: Served) -> bool:
    return (await api.ask("/healthz")).status == 200
