"""`hotswap-tui failback --dossier`: what a failback would lose of what was written on the secondary. It moves nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.core.sync import Safety
from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot

_PRIMARY_SERVES: Final = "the primary serves: there is nothing to fail back"
_NOT_READ: Final = "the engine has not looked at what was written on the secondary yet"


def print_dossier(snapshot: Snapshot, *, as_json: bool) -> int:
    """Print the dossier that the engine has, or why there is none; return the exit code."""
    from hotswap_tui.cli.plain_text import say, tell  # noqa: PLC0415 - `--help` needs none of it

    dossier = None if snapshot.sync is None else snapshot.sync.dossier
    if snapshot.active is not Role.SECONDARY or dossier is None:
        why = _NOT_READ if snapshot.active is Role.SECONDARY else _PRIMARY_SERVES
        if as_json:
            print(json.dumps({"dossier": None, "why": why}))
        else:
            tell([why])
        return exit_codes.UNKNOWN
    if as_json:
        from hotswap_tui.api.moments import Moments  # noqa: PLC0415 - as above
        from hotswap_tui.api.sync_document import dossier_document  # noqa: PLC0415

        print(json.dumps({"dossier": dossier_document(dossier, Moments.of(snapshot))}, indent=2))
    else:
        from hotswap_tui.core.dossier_words import dossier_lines  # noqa: PLC0415

        say(dossier_lines(dossier, snapshot.now_s))
    return exit_codes.OK if dossier.verdict is Safety.SAFE else exit_codes.FAILED
