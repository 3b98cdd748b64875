"""A systemd unit for `gateway run`."""

from __future__ import annotations

import os
import pwd
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_UNIT: Final = """\
# {path}
[Unit]
Description=PgBouncer of hotswap-tui on {endpoint}
Wants=network-online.target
After=network-online.target docker.service
StartLimitIntervalSec=0

[Service]
Type=notify
{user}ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=0.2
# PgBouncer outlives its supervisor: only that one is signalled, and it ends PgBouncer in order.
KillMode=process
TimeoutStopSec=15
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target"""
NAME: Final = "hotswap-gateway.service"


def render_unit(directory: Path, endpoint: str) -> str:
    """Return the unit for the gateway in `directory`, for the user that asks for it."""
    command = [sys.executable, "-P", "-m", "hotswap_tui", "gateway", "run", "--dir", str(directory)]
    return _UNIT.format(
        path=f"/etc/systemd/system/{NAME}",
        endpoint=endpoint,
        user="" if os.geteuid() == 0 else f"User={_me()}\n",
        command=" ".join(map(quoted, command)),
    )


def _me() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def quoted(word: str) -> str:
    """Return a word as systemd.service(5) reads it back: quoted, with no specifier and no variable in it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if word and escaped == word and not any(mark in word for mark in " \t';") else f'"{escaped}"'
