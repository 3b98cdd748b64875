from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotswap_tui.dsn import Address
from hotswap_tui.probes.passfile import find_password

if TYPE_CHECKING:
    from pathlib import Path

FILE = r"""# host:port:database:user:password
db.example:5432:cc_financial:ccfinapp:first
db.example:*:*:other:second
\:\:1:5432:*:*:third
localhost:*:*:*:with\:colon\\and backslash
short:line
"""


@pytest.mark.parametrize(
    ("address", "user", "password"),
    [
        (Address("db.example", 5432), "ccfinapp", "first"),
        (Address("db.example", 6000), "other", "second"),
        (Address("db.example", 6000), "ccfinapp", ""),
        (Address("::1", 5432), "anyone", "third"),
        (Address("/run/postgresql", 5432), "anyone", "with:colon\\and backslash"),
    ],
)
def test_the_first_line_that_matches_gives_the_password(
    tmp_path: Path, address: Address, user: str, password: str
) -> None:
    file = tmp_path / "passfile"
    file.touch(mode=0o600)
    file.write_text(FILE)
    assert find_password(str(file), address, "cc_financial", user) == password


def test_a_file_that_others_can_read_counts_for_nothing(tmp_path: Path) -> None:
    file = tmp_path / "passfile"
    file.write_text("*:*:*:*:secret\n")
    file.chmod(0o640)
    assert find_password(str(file), Address("x"), "d", "u") == ""


def test_a_missing_file_gives_no_password(tmp_path: Path) -> None:
    assert find_password(str(tmp_path / "nothing"), Address("x"), "d", "u") == ""
