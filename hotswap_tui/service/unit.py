"""The systemd unit of the service: as little of this machine in its reach as it can work with."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotswap_tui.gateway.unit import NAME as GATEWAY_UNIT
from hotswap_tui.gateway.unit import quoted

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "hotswap-tui.service"
DIRECTORY: Final = "hotswap-tui"
"""Of the service, in /var/lib and /run."""
NOTIFY_RELOAD_SINCE: Final = 253
_BACKS_OFF_SINCE: Final = 254
WAIT_S: Final = 30
"""How long `serve` waits for an engine that still runs, a dashboard's for one, before it is started again."""
WRONG_SETTINGS: Final = 2
"""exit_codes.USAGE: to start again would change nothing, and a unit that has failed is seen."""
_INSTALLED_BY: Final = "# hotswap-tui service install "


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the unit is to run, and what that must reach."""

    arguments: tuple[str, ...]
    """Of `service install`, without those that choose between printing and doing."""
    options: tuple[str, ...]
    """Of `serve`, without env files."""
    env_files: tuple[Path, ...]
    systemd: int
    """Its version."""
    for_user: bool = False
    account: str = ""
    """The user and the group that it runs as."""
    groups: tuple[str, ...] = ()
    """Further groups that it needs."""
    state_dir: Path | None = None
    """None: systemd's own for the service."""
    group: str | None = None
    """Whose members may attach, where no setting says it."""
    writable: tuple[Path, ...] = ()
    """What it writes to besides its own state."""
    home: bool = False
    """Something that it reads lies in somebody's home."""
    shared_tmp: bool = False
    """Something that it reaches lies in /tmp."""
    low_port: bool = False
    """It listens on a port below 1024."""


def render(wanted: Wanted) -> str:
    """Return the unit's text. Nothing in it is secret: systemd shows units to everybody."""
    lines = [
        f"{_INSTALLED_BY}{shlex.join(wanted.arguments)}",
        "# `hotswap-tui service install` writes this file anew; put changes into `systemctl edit hotswap-tui`.",
        *_unit(wanted),
        "",
        "[Service]",
        *_running(wanted),
        "",
        *_walls(wanted),
        "",
        "[Install]",
        f"WantedBy={'default.target' if wanted.for_user else 'multi-user.target'}",
    ]
    return "\n".join(lines) + "\n"


def installed_by(text: str) -> tuple[str, ...] | None:
    """Return the arguments of the `service install` that wrote the unit `text`; None when none did."""
    first = text.partition("\n")[0]
    return tuple(shlex.split(first.removeprefix(_INSTALLED_BY))) if first.startswith(_INSTALLED_BY) else None


def _unit(wanted: Wanted) -> list[str]:
    about = ["[Unit]", "Description=hotswap-tui: failover between two PostgreSQL databases", "StartLimitIntervalSec=0"]
    if wanted.for_user:
        return about
    places = " ".join(quoted(str(path)) for path in (*wanted.env_files, *wanted.writable))
    order = ["Wants=network-online.target", f"After=network-online.target {GATEWAY_UNIT}"]
    return [*about, *order, f"RequiresMountsFor={places}"]


def _running(wanted: Wanted) -> list[str]:
    return [
        *_identity(wanted),
        *_credentials(wanted),
        f"ExecStart={_command(wanted)}",
        *_reloading(wanted),
        *_environment(wanted),
        f"WorkingDirectory={_state(wanted)}",
        *([] if wanted.state_dir is not None else [f"StateDirectory={DIRECTORY}", "StateDirectoryMode=0700"]),
        f"RuntimeDirectory={DIRECTORY}",
        f"RuntimeDirectoryMode={'0700' if wanted.for_user else '0750'}",
        "Restart=always",
        "RestartSec=1",
        *(["RestartSteps=6", "RestartMaxDelaySec=30"] if wanted.systemd >= _BACKS_OFF_SINCE else []),
        "# Wrong settings stay wrong: the unit fails, and the journal says what to change.",
        f"RestartPreventExitStatus={WRONG_SETTINGS}",
        "WatchdogSec=30",
        "TimeoutStopSec=15",
        "# When this program is killed while clients are held, a guard lets them go: it must outlive it.",
        "KillMode=process",
    ]


def _identity(wanted: Wanted) -> list[str]:
    if wanted.for_user:
        return []
    groups = [f"SupplementaryGroups={' '.join(wanted.groups)}"] if wanted.groups else []
    return [f"User={wanted.account}", f"Group={wanted.account}", *groups]


def _credentials(wanted: Wanted) -> list[str]:
    if wanted.for_user:
        return []
    told = "# root alone reads the original: systemd takes a copy of it at each start, and ExecReload= another."
    return [
        told,
        *(f"LoadCredential={quoted(f'{_name(wanted, i)}:{path}')}" for i, path in enumerate(wanted.env_files)),
    ]


def _name(wanted: Wanted, index: int) -> str:
    return "hotswap.env" if len(wanted.env_files) == 1 else f"hotswap-{index + 1}.env"


def _command(wanted: Wanted) -> str:
    words = [sys.executable, "-P", "-m", "hotswap_tui", "serve", "--wait", str(WAIT_S)]
    files = [
        quoted(str(path)) if wanted.for_user else f"%d/{_name(wanted, i)}" for i, path in enumerate(wanted.env_files)
    ]
    given = [word for file in files for word in ("--env-file", file)]
    return " ".join((*map(quoted, words), *given, *map(quoted, wanted.options)))


def _reloading(wanted: Wanted) -> list[str]:
    if wanted.for_user and wanted.systemd >= NOTIFY_RELOAD_SINCE:
        return ["Type=notify-reload"]
    owner = f"-m 0400 -o {wanted.account} -g {wanted.account}"
    copies = [
        f"ExecReload=+install -T {owner} {quoted(str(path))} %t/{DIRECTORY}/{_name(wanted, i)}"
        for i, path in enumerate(() if wanted.for_user else wanted.env_files)
    ]
    # With notify-reload systemd would send its signal before it copies.
    return ["Type=notify", *copies, "ExecReload=/bin/kill -HUP $MAINPID"]


def _environment(wanted: Wanted) -> list[str]:
    # Two arenas of malloc are enough for threads that mostly wait.
    variables = {"MALLOC_ARENA_MAX": "2"}
    if wanted.state_dir is None:
        variables["HOTSWAP_STATE_DIR"] = f"%S/{DIRECTORY}"
    if wanted.group is not None:
        variables["HOTSWAP_GROUP"] = wanted.group
    return [f"Environment={name}={value}" for name, value in variables.items()]


def _state(wanted: Wanted) -> str:
    # systemd.exec(5) takes the path as it stands, specifiers apart.
    return f"%S/{DIRECTORY}" if wanted.state_dir is None else str(wanted.state_dir).replace("%", "%%")


def _walls(wanted: Wanted) -> list[str]:
    port = ["CAP_NET_BIND_SERVICE"] if wanted.low_port and not wanted.for_user else []
    return [
        *_filters(),
        f"CapabilityBoundingSet={' '.join(port)}",
        *([f"AmbientCapabilities={' '.join(port)}"] if port else []),
        *([] if wanted.for_user else _system_walls(wanted)),
    ]


def _filters() -> list[str]:
    """Return what a user's own systemd can keep from a service, too."""
    return [
        "UMask=0077",
        "MemoryMax=256M",
        "TasksMax=128",
        "NoNewPrivileges=yes",
        "LockPersonality=yes",
        "MemoryDenyWriteExecute=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
        "# The target file keeps PgBouncer's group, the control socket gets its own.",
        "SystemCallFilter=@chown",
        "SystemCallErrorNumber=EPERM",
    ]


def _system_walls(wanted: Wanted) -> list[str]:
    writable = [f"ReadWritePaths={' '.join(map(quoted, map(str, wanted.writable)))}"] if wanted.writable else []
    return [
        "ProtectSystem=strict",
        *writable,
        f"ProtectHome={'read-only' if wanted.home else 'yes'}",
        f"PrivateTmp={'no' if wanted.shared_tmp else 'yes'}",
        "PrivateDevices=yes",
        "PrivateMounts=yes",
        "DevicePolicy=closed",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectProc=invisible",
        "RemoveIPC=yes",
        "KeyringMode=private",
        "OOMScoreAdjust=-500",
    ]
