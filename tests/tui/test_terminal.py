"""What terminals can show, and what they are sent."""

from __future__ import annotations

import re

import pytest

from hotswap_tui.tui.ascii_filter import to_ascii
from hotswap_tui.tui.terminal import terminal_profile
from tests.support.pty_program import PtyProgram

PROGRAM = "tests/support/dashboard_program.py"


@pytest.mark.parametrize(
    ("environ", "encoding", "ascii_only", "ansi"),
    [
        ({"TERM": "xterm-256color"}, "utf-8", False, False),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "UTF-8", False, False),
        ({"TERM": "xterm-kitty"}, "utf8", False, False),
        ({"TERM": "xterm"}, "utf-8", False, True),
        ({"TERM": "vt100"}, "utf-8", False, True),
        ({"TERM": "linux"}, "utf-8", True, True),
        ({"TERM": "xterm-256color"}, "ascii", True, False),
        ({"TERM": "xterm-256color"}, "iso-8859-1", True, False),
        ({"TERM": "xterm-256color"}, None, True, False),
        ({"TERM": "xterm-256color"}, "no-such-encoding", True, False),
        ({"TERM": "xterm-256color", "LC_ALL": "C"}, "utf-8", True, False),
        ({"TERM": "xterm-256color", "LC_ALL": "", "LC_CTYPE": "POSIX", "LANG": "de_DE.UTF-8"}, "utf-8", True, False),
        ({"TERM": "xterm-256color", "LANG": "de_DE.utf8@euro"}, "utf-8", False, False),
        ({"TERM": "xterm-256color", "LANG": "en_US"}, "utf-8", True, False),
        ({"TERM": "xterm-256color", "LANG": "C.UTF-8"}, "ascii", True, False),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "utf-8", False, True),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "utf-8", False, False),
    ],
)
def test_profile(environ: dict[str, str], encoding: str | None, *, ascii_only: bool, ansi: bool) -> None:
    """Braille and signs need UTF-8 and a font, own colours need 256."""
    profile = terminal_profile(environ, encoding)
    assert (profile.ascii, profile.ansi, profile.refuse_reason) == (ascii_only, ansi, "")


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"TERM": "unknown"}, {}], ids=str)
def test_a_dumb_terminal_is_refused(environ: dict[str, str]) -> None:
    """The reason names the command that works there."""
    assert "hotswap-tui status" in terminal_profile(environ, "utf-8").refuse_reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [("plain", "plain"), ("● up → ✓", "+ up > +"), ("é ü ß", "e u ?"), ("漢字", "????"), ("⣿⣿", "??"), ("…", "~")],
)
def test_ascii_keeps_every_cell(text: str, expected: str) -> None:
    """A sign becomes one of the same width."""
    assert to_ascii(text) == expected


COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


def test_no_color_sends_no_colour() -> None:
    """With NO_COLOR there are attributes, but no colours but the terminal's own."""
    with PtyProgram([PROGRAM, "--attached"], environ={"NO_COLOR": "1"}) as program:
        program.read_until(b"seen")
        program.read_for(0.6)
        program.press(b"q")
        assert program.wait() == 0
        codes = {code for sequence in COLOUR.findall(program.output) for code in sequence[2:-1].split(b";") if code}
        assert codes <= {b"0", b"1", b"2", b"7", b"39", b"49"}


@pytest.mark.parametrize(
    "environ",
    [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C"}, {"TERM": "linux"}],
    ids=["C", "C in UTF-8 mode", "linux"],
)
def test_plain_terminals_receive_ascii_bytes_only(environ: dict[str, str]) -> None:
    """Not one byte above 127 is sent to a terminal that may not have it."""
    with PtyProgram([PROGRAM, "--attached"], environ={**environ, "TERM": environ.get("TERM", "xterm")}) as program:
        program.read_until(b"seen")
        program.read_for(0.6)
        program.press(b"q")
        assert program.wait() == 0
        assert program.output.isascii()
        assert b"+ up" in program.output
        assert b"> " in program.output
