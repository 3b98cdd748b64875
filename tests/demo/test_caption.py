"""The line above the keys: fixed columns, readable without colours."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hotswap_tui.demo.caption import caption
from hotswap_tui.demo.client_load import Met
from hotswap_tui.tui.cells import Row, Tone
from tests.support.pictures import snapshot
from tests.support.screens import SIZES, running, shown
from tests.support.scripted_client import ScriptedClient

GOOD = Met(2.0, 158, 0, 0.05, 0.01, ("primary",))
CASES: dict[str, dict[str, Any]] = {
    " 8 clients  79.0 ok/s by primary       0 errors  longest wait  0.05s  now  0.01s": {},
    " 8 clients  79.0 ok/s by both          0 errors  longest wait  0.05s  now  0.01s": {
        "servers": ("primary", "secondary")
    },
    " 8 clients   0.0 ok/s by nobody       12 errors  longest wait 17.20s  now 17.20s": {
        "servers": (),
        "recent": Met(2.0, 0, 4, 17.2, 17.2),
        "total": Met(99.0, 800, 12, 17.2, 17.2),
    },
    " 8 clients  79.0 ok/s (paused)         0 errors  longest wait  0.05s  now  0.01s": {"paused": True},
}


def drawn(**facts: Any) -> Row:
    defaults = {"alive": True, "paused": False, "servers": ("primary",), "recent": GOOD, "total": GOOD}
    load: Any = SimpleNamespace(**{**defaults, **facts})
    return caption(load)


@pytest.mark.parametrize("text", CASES)
def test_the_line_has_fixed_columns(text):
    row = drawn(**CASES[text])
    assert row.text == text
    assert len(text) <= 80


def test_trouble_has_a_colour_too():
    assert not {Tone.WARNING, Tone.BAD} & {span.tone for span in drawn().spans}
    trouble = drawn(servers=(), recent=Met(2.0, 0, 4, 17.2, 17.2))
    assert [span.tone for span in trouble.spans if span.tone in {Tone.WARNING, Tone.BAD}] == [
        Tone.BAD,
        Tone.WARNING,
        Tone.WARNING,
    ]


def test_clients_that_are_gone_are_told():
    assert "have ended" in drawn(alive=False).text


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_it_stands_above_the_keys_on_every_page(size):
    """It takes a line of the page, and covers none of the others."""
    async with running(ScriptedClient(snapshot()), size, caption=drawn) as (app, pilot):
        for key in ("", "1", "e", "question_mark"):
            if key:
                await pilot.press(key)
            await pilot.pause()
            lines = shown(app).splitlines()
            assert len(lines) == size[1]
            assert lines[-2] == drawn().text[: size[0]].rstrip() or lines[-2].endswith("…")
            assert "clients" in lines[-2]
            assert lines[-1].strip()
            assert not [line for line in lines[:-2] if " ok/s " in line]
