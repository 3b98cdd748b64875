"""Where applications enter: the gateway's own word for it, or why it cannot be had."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.config.sources import GATEWAY, SourceError, read_named, value_of
from hotswap_tui.dsn import Dsn, DsnError, parse
from hotswap_tui.routing.layout import GatewayError, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.core.snapshot import Snapshot


def entrance(snapshot: Snapshot, environ: Mapping[str, str], env_files: Sequence[Path]) -> Dsn | str:
    """Return what applications connect with, or in one sentence why it is not known here."""
    if not snapshot.router.routed:
        return "the engine has no gateway, applications follow by themselves"
    try:
        named = value_of(GATEWAY, read_named(environ, env_files))
        if not named:
            return f"{GATEWAY} is not set here; set it, or give the engine's --env-file"
        return parse(load(Path(named).expanduser()).application)
    except (SourceError, GatewayError, DsnError) as error:
        return str(error)
