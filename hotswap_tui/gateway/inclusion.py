"""Whether a PgBouncer of somebody else follows the target file, as far as its main file and its console show.

Measured on 1.18: a `%include` in the section `[databases]` is passed over at RELOAD without a word, and with a setting behind the
included file, which ends in `[databases]`, PgBouncer does not start any more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.text import clean
from hotswap_tui.routing.target_tls import tls_settings

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap_tui.dsn import Dsn
    from hotswap_tui.gateway.existing import Existing
    from hotswap_tui.routing.layout import Gateway

_HOME: Final = "pgbouncer"
"""The section in which the line belongs."""
_SECTION: Final = re.compile(r"\s*\[([^]]*)\]")
_NOTHING: Final = re.compile(r"\s*(?:[;#]|$)")


def include_line(gateway: Gateway) -> str:
    """Return the line that belongs at the end of PgBouncer's main file, in its section [pgbouncer]."""
    return f"%include {gateway.target_file}"


def why_not_in_force(existing: Existing, gateway: Gateway, dsns: tuple[Dsn, ...]) -> str:
    """Return why PgBouncer does not follow the target file, or will not after a restart; empty when it does."""
    text = existing.main_file()
    if text is not None and (why := misplaced(text, gateway.target_file)):
        return f"in {clean(existing.config['conffile'])} {why}"
    target = next((dsn for dsn in dsns if existing.points_to(gateway.database, dsn)), None)
    if target is None:
        return f"PgBouncer leads {gateway.database} to none of the databases in {gateway.target_file}; reload it, and look into its log"
    wanted, found = dict(tls_settings(target))["sslmode"], existing.config.get("server_tls_sslmode")
    if found != wanted:
        return (
            f"server_tls_sslmode is {clean(found or 'not set', 20)} in PgBouncer, and {wanted} in {gateway.target_file}"
        )
    return ""


def misplaced(text: str, target: Path) -> str:
    """Return what is wrong with the line that includes `target` in `text`, a main file; empty when it is where it belongs."""
    lines = text.splitlines()
    wanted = re.compile(rf"\s*%include\s+{re.escape(str(target))}\s*")
    at = next((number for number, line in enumerate(lines) if wanted.fullmatch(line)), None)
    if at is None:
        return "that line is missing"
    sections = [match[1] for line in lines[:at] if (match := _SECTION.match(line))]
    if sections[-1:] != [_HOME]:
        return f"that line stands in [{clean(sections[-1], 40)}]" if sections else "that line stands in no section"
    behind = next((line for line in lines[at + 1 :] if not _NOTHING.match(line)), None)
    section = _SECTION.match(behind) if behind else None
    if section and section[1] == _HOME:
        return f"a second [{_HOME}] follows that line, and sets everything back"
    return "a setting follows that line, and PgBouncer would not start again" if behind and not section else ""
