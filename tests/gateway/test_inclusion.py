"""Where the line that includes the target file must stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotswap_tui.gateway.inclusion import misplaced

TARGET = Path("/g/target.ini")
LINE = f"%include {TARGET}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"[pgbouncer]\nx = 1\n{LINE}\n", ""),
        (f"[databases]\na = host=b\n[pgbouncer]\n  {LINE}  ", ""),
        (f"[pgbouncer]\n{LINE}\n\n; comment\n# comment\n", ""),
        (f"[pgbouncer]\n{LINE}\n[databases]\na = host=b\n", ""),
        ("", "that line is missing"),
        (f"[pgbouncer]\n;{LINE}\n", "that line is missing"),
        (f"[pgbouncer]\n{LINE}.bak\n", "that line is missing"),
        (f"{LINE}\n[pgbouncer]\n", "that line stands in no section"),
        (f"[pgbouncer]\n[databases]\n{LINE}\n", "that line stands in [databases]"),
        (f"[pgbouncer]\n{LINE}\nx = 1\n", "a setting follows that line, and PgBouncer would not start again"),
        (
            f"[pgbouncer]\n{LINE}\n[pgbouncer]\nx = 1\n",
            "a second [pgbouncer] follows that line, and sets everything back",
        ),
    ],
)
def test_a_line_that_stands_elsewhere_is_told(text: str, why: str):
    assert misplaced(text, TARGET) == why
