"""The process that speaks to Apprise: what it delivers, what it says when it cannot, and what nobody can see of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from pydantic import SecretStr

from hotswap_tui.demo.ports import LOOPBACK
from hotswap_tui.notify.delivery import Parcel, deliver
from hotswap_tui.notify.message import Letter
from hotswap_tui.notify.services import UNKNOWN
from tests.support.until import until

LETTER = Letter("cc on pi: secondary serves", "one <b>line</b>\n*two* & three :smile:", "warning")
HASTE = "?cto=2&rto=0.3"


def parcels(*urls: str) -> list[Parcel]:
    return [Parcel(SecretStr(url), LETTER) for url in urls]


async def test_every_service_gets_the_letter_or_says_why_not(receiver):
    place = receiver.place
    said = await deliver(
        parcels(
            f"json://{place}/ok",
            f"json://{place}/500",
            f"json://{place}/hang{HASTE}",
            f"json://{LOOPBACK}:1/nobody",
            "nosuchservice://hunter22",
            "not a url",
            f"form://{place}/500",
        )
    )
    assert said == ["", "it answered 500", "timeout", "connection refused", UNKNOWN, UNKNOWN, "it answered 500"]
    (taken,) = receiver.letters
    assert (taken["title"], taken["message"], taken["type"]) == (LETTER.title, LETTER.body, LETTER.type)


async def test_nobody_sees_the_url_and_a_hanging_process_is_ended(receiver, monkeypatch):
    url = f"json://pi:hunter22@{receiver.place}/hang-sesame"
    monkeypatch.setenv("HOTSWAP_NOTIFY_URLS", url)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter22@h/d")
    work = asyncio.ensure_future(deliver(parcels(url)))
    await until(lambda: receiver.requests, what="no request came")
    children = [pid for pid in processes() if parent(pid) == os.getpid() and b"postman" in seen(pid, "cmdline")]
    assert len(children) == 1
    for pid in processes():
        assert b"sesame" not in seen(pid, "cmdline")
    assert not any(secret in seen(children[0], "environ") for secret in (b"hunter22", b"sesame", b"DATABASE_URL"))
    work.cancel()
    await asyncio.wait({work})
    assert children[0] not in processes()


async def test_what_is_not_done_by_the_deadline_has_no_answer(receiver):
    assert await deliver(parcels(f"json://{receiver.place}/hang"), deadline_s=0.0) == ["no answer"]


async def test_a_process_that_cannot_be_started_is_a_reason(monkeypatch):
    monkeypatch.setattr("hotswap_tui.notify.delivery.sys.executable", "/nonexistent/python")
    assert await deliver(parcels("json://h")) == ["no process could be started: no such file or directory"]


async def test_a_process_that_talks_nonsense_has_no_answer(monkeypatch, tmp_path):
    program = tmp_path / "postman.py"
    program.write_text("print('hello'); print('{\"number\": 0}'); print('[]')")
    monkeypatch.setattr("hotswap_tui.notify.delivery._POSTMAN", str(program))
    assert await deliver(parcels("json://h")) == ["no answer"]


async def test_a_talkative_service_costs_the_others_no_answer(monkeypatch, tmp_path):
    """Whoever has no answer is told again."""
    program = tmp_path / "postman.py"
    program.write_text(
        "import json\n"
        "for number in range(2):\n"
        "    log = ['\N{SNOWMAN}' * 1000] * 40\n"
        "    print(json.dumps({'number': number, 'sent': bool(number), 'known': True, 'log': log}))\n"
    )
    monkeypatch.setattr("hotswap_tui.notify.delivery._POSTMAN", str(program))
    assert await deliver(parcels("json://h", "json://i")) == ["it did not take it", ""]


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def seen(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def parent(pid: int) -> int:
    fields = seen(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0
