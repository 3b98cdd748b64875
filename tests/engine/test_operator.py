"""Who asks."""

from __future__ import annotations

from hotswap_tui.engine.operator import operator


def test_the_operator_has_a_name():
    """Who asked is written into the journal."""
    assert operator()
