"""Which server answers: what makes two identities one server, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.core.traffic import Identity

HERE = Identity("7421", 1000.123456, False, "10.0.0.2:5432", "cc_financial")


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (HERE, ""),
        (replace(HERE, system_identifier=None), ""),
        (replace(HERE, address=None), ""),
        (replace(HERE, address="[fd00::2]:5432"), ""),
        (replace(HERE, started_at=1000.123457), ""),
        (replace(HERE, system_identifier="7422"), "system identifier 7422 instead of 7421"),
        (replace(HERE, started_at=1001.0), "another postmaster start time"),
        (replace(HERE, in_recovery=True), "in recovery"),
        (replace(HERE, address="10.0.0.3:5432"), "address 10.0.0.3:5432 instead of 10.0.0.2:5432"),
        (replace(HERE, address="10.0.0.2:5433"), "address 10.0.0.2:5433 instead of 10.0.0.2:5432"),
        (replace(HERE, database="other"), "database other instead of cc_financial"),
        (replace(HERE, address=None, database="other"), "database other instead of cc_financial"),
    ],
)
def test_what_shows_that_another_server_answers(seen, words):
    assert seen.differs(HERE) == words


def test_a_primary_is_not_its_standby():
    assert HERE.differs(replace(HERE, in_recovery=True)) == "not in recovery"
