"""Letters on their way, in virtual time: order, retries, bounds, and the end."""

from __future__ import annotations

from pydantic import SecretStr

from hotswap_tui.core.values import Kind, Level, Role, Tell
from hotswap_tui.notify.outbox import KEPT_S, WAITING
from hotswap_tui.notify.rate import HOUR_S
from hotswap_tui.notify.services import UNKNOWN

TWO = ("json://pi:hunter22@one/secret", "json://two/secret")
DOWN = "both primary and secondary databases are unavailable"


def fault(told, number: int = 0) -> None:
    """Something to tell, in words of its own."""
    told.world.loop.call_soon(told.world.engine.tell, Tell(Kind.CONFIG, Level.BAD, f"fault {number}"))
    told.world.go(0.1)


def test_each_service_gets_each_message_and_the_event_list_says_so(make_told):
    told = make_told(urls=TWO)
    fault(told)
    assert told.new() == ["failure: fault 0"] * 2
    assert told.notes == ["2 of 2: fault 0"]


def test_one_that_fails_is_tried_again_ever_more_seldom_and_told_once(make_told):
    told = make_told(urls=TWO)
    tried: list[float] = []

    def answer(parcel):
        if "one" not in parcel.url.get_secret_value():
            return ""
        tried.append(told.world.loop.time())
        return "it answered 500"

    told.answer = answer
    fault(told)
    told.world.go(1000)
    waits = [round(later - sooner) for sooner, later in zip(tried[::2], tried[2::2], strict=False)]
    assert waits[:7] == [5, 10, 20, 40, 80, 160, 300]
    assert told.new() == ["failure: fault 0"], "the other was told at once"
    assert told.notes == ["json://one could not be notified: it answered 500; trying again"]
    told.answer = lambda _parcel: ""
    told.world.go(400)
    assert told.new() == ["failure: fault 0"]
    assert told.notes[1:] == ["json://one takes notifications again", "2 of 2: fault 0"]


def test_letters_arrive_in_order_and_the_second_waits_for_the_first(make_told):
    told = make_told()
    told.answer = lambda _parcel: "timeout"
    for number in range(3):
        fault(told, number)
    told.world.go(20)
    told.answer = lambda _parcel: ""
    told.world.go(60)
    assert told.new() == [f"failure: fault {number}" for number in range(3)]


def test_what_is_an_hour_old_is_given_up(make_told):
    told = make_told()
    told.answer = lambda _parcel: "timeout"
    fault(told)
    told.world.go(KEPT_S + 400)
    assert told.notes[1:] == ["json://one was not notified within an hour: timeout; given up", "0 of 1: fault 0"]
    told.answer = lambda _parcel: ""
    told.world.go(1000)
    assert told.new() == []


def test_a_url_that_apprise_does_not_know_is_not_tried_again(make_told):
    told = make_told()
    told.answer = lambda _parcel: UNKNOWN
    fault(told)
    told.world.go(1000)
    assert told.notes == [f"json://one cannot be notified: {UNKNOWN}; see HOTSWAP_NOTIFY_URLS", "0 of 1: fault 0"]


def test_the_queue_is_bounded(make_told):
    """Whatever the rate limit lets through while a service is away for days, no more than so many letters wait."""
    told = make_told()
    told.answer = lambda _parcel: "timeout"
    fault(told)
    outbox = told.notifier._outbox
    head = outbox._services[0].queue[0]
    for _ in range(3 * WAITING):
        told.world.loop.call_soon(outbox.put, head.message, head.letter)
    told.world.go(1)
    assert len(outbox._services[0].queue) == WAITING


def test_other_urls_after_a_reload(make_told):
    told = make_told(urls=TWO)
    told.answer = lambda _parcel: "timeout"
    fault(told)
    one = told.notifier._outbox._services[0].url
    told.notifier.readdress([one])
    told.answer = lambda _parcel: ""
    told.world.go(60)
    assert told.new() == ["failure: fault 0"], "the one that stayed still gets it, the other is forgotten"
    fault(told, 1)
    assert told.new() == ["failure: fault 1"]


def test_a_service_that_has_no_namesake_any_more_has_no_number(make_told):
    told = make_told(urls=("discord://1/a", "discord://2/b"))
    told.notifier.readdress([SecretStr("discord://2/b")])
    told.answer = lambda _parcel: "timeout"
    fault(told)
    assert told.notes == ["discord could not be notified: timeout; trying again"]


def test_a_service_that_is_taken_away_while_it_takes_a_letter(make_told):
    told = make_told()
    told.answer = lambda _parcel: told.notifier.readdress([]) or ""
    fault(told)
    assert told.notes == ["0 of 1: fault 0"]
    fault(told, 1)
    assert told.notes == ["0 of 1: fault 0"]


def test_at_the_end_everything_is_tried_once_more(make_told):
    told = make_told()
    told.answer = lambda _parcel: "timeout"
    fault(told)
    told.answer = lambda _parcel: ""
    told.end()
    assert told.new() == ["failure: fault 0"]


def test_what_nobody_took_before_the_end_is_told_to_the_log(make_told):
    told = make_told()
    told.answer = lambda _parcel: "timeout"
    fault(told)
    fault(told, 1)
    told.end()
    assert told.notes[-2:] == [f"not everybody was told before the end: fault {number}" for number in (0, 1)]


def test_nothing_to_tell_ends_at_once(make_told):
    told = make_told()
    before = told.world.loop.time()
    told.end()
    assert told.world.loop.time() - before <= 0.2


def test_no_secret_is_in_any_event(make_told):
    told = make_told(urls=TWO)
    told.answer = lambda _parcel: "timeout"
    fault(told)
    told.world.go(100)
    told.end()
    assert not any(secret in str(event) for event in told.world.log for secret in ("hunter22", "secret"))
    assert "hunter22" not in repr(told.notifier._outbox._services)


def test_without_apprise_it_says_what_to_install(make_told, monkeypatch):
    monkeypatch.setattr("hotswap_tui.notify.notifier.installed", lambda: False)
    told = make_told()
    fault(told)
    told.end()
    assert told.world.said(Kind.CONFIG)[0].endswith("pip install 'hotswap-tui[notify]'")
    assert told.new() == []


def test_our_own_mistake_is_told(make_told, monkeypatch):
    told = make_told()
    monkeypatch.setattr(told.notifier._desk, "look", lambda _snapshot: 1 / 0)
    fault(told)
    assert told.notes == ["notifications have stopped: ZeroDivisionError: division by zero"]
    assert told.world.now.active is Role.PRIMARY
    told.end()


def test_many_events_at_once_are_a_few_short_messages(make_told):
    told = make_told()

    def storm():
        for number in range(500):
            told.world.engine.tell(Tell(Kind.DISAGREES, Level.BAD, f"PgBouncer points to {number}"))
            told.world.engine.tell(Tell(Kind.CONFIG, Level.BAD, f"fault {number}"))

    told.world.loop.call_soon(storm)
    told.world.go(15)
    assert told.new() == [
        "failure: PgBouncer points to 0",
        "failure: fault 499",
        "success: PgBouncer is in order again and points to primary:5432, after 0.0 s",
    ]
    assert all(len(letter.body.splitlines()) <= 15 for _, letter in told.letters)
    told.world.go(HOUR_S)
    assert told.new() == []


def test_another_engine_that_counts_its_events_anew_is_heard(make_told):
    told = make_told()
    told.notifier._last_id = 1000
    fault(told)
    assert told.new() == ["failure: fault 0"]
