"""systemd, as `service` speaks to it: through systemctl, never as a library."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.api.sockets import FILE_NAME
from hotswap_tui.core.text import clean
from hotswap_tui.service.unit import DIRECTORY, NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST: Final = 250
"""The first that knows %d in a unit, the directory of credentials."""
_SYSTEM_UNITS: Final = Path("/etc/systemd/system")
_BOOTED: Final = Path("/run/systemd/system")
"""Is there when systemd runs this machine (sd_booted(3))."""
_ANSWER_S: Final = 60.0
_FACTS: Final = (
    "LoadState", "UnitFileState", "ActiveState", "SubState", "ActiveEnterTimestamp", "MainPID", "NRestarts", "Result",
    "StatusText",
)  # fmt: skip


class SystemdError(Exception):
    """What systemd cannot do, and why: one line."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What systemd says of the service."""

    known: bool
    """It has read a unit of that name."""
    enabled: bool
    active: str
    """active, activating, failed, inactive, …"""
    since: str
    pid: int
    restarts: int
    result: str
    status: str
    """What the service itself says."""


class Systemd:
    """The system's own systemd, or a user's; raises SystemdError where there is none."""

    def __init__(self, *, for_user: bool, environ: Mapping[str, str] = os.environ) -> None:
        self.for_user = for_user
        self._environ = environ
        self._scope = ("--user",) if for_user else ()

    @property
    def unit(self) -> Path:
        """Return where the unit's file belongs."""
        if not self.for_user:
            return _SYSTEM_UNITS / NAME
        home = Path(self._environ.get("HOME") or Path.home())
        configuration = self._environ.get("XDG_CONFIG_HOME", "")
        return (Path(configuration) if configuration else home / ".config") / "systemd" / "user" / NAME

    @property
    def socket(self) -> Path:
        """Return where the service's engine takes requests."""
        runtime = Path(self._environ.get("XDG_RUNTIME_DIR", "/run")) if self.for_user else Path("/run")
        return runtime / DIRECTORY / FILE_NAME

    @property
    def installed(self) -> bool:
        """Say whether systemctl is there."""
        return shutil.which("systemctl") is not None

    def check(self) -> None:
        """Raise SystemdError where it does not run."""
        if not self.installed or not (self.for_user or _BOOTED.is_dir()):
            raise SystemdError("systemd does not run this machine; let what does run it start: hotswap-tui serve")
        if self.for_user and not self._environ.get("XDG_RUNTIME_DIR"):
            raise SystemdError(
                "no systemd of this user runs here (XDG_RUNTIME_DIR is not set): log in as the user itself"
            )

    def version(self) -> int:
        """Return its version; raises SystemdError for one that is too old, or none."""
        found = re.search(r"systemd (\d+)", self._ask("--version"))
        version = int(found[1]) if found else 0
        if version < OLDEST:
            raise SystemdError(
                f"systemd {version} is too old: the unit needs {OLDEST} or a newer one; --user does without"
            )
        return version

    def facts(self) -> Facts:
        """Return how the service is."""
        said = self._ask("show", "--property", ",".join(_FACTS), NAME)
        facts = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return Facts(
            known=facts.get("LoadState") not in {None, "not-found"},
            enabled=facts.get("UnitFileState") == "enabled",
            active=facts.get("ActiveState", "unknown"),
            since=facts.get("ActiveEnterTimestamp", ""),
            pid=int(facts.get("MainPID") or 0),
            restarts=int(facts.get("NRestarts") or 0),
            result=facts.get("Result", ""),
            status=clean(facts.get("StatusText", "")),
        )

    def do(self, *words: str) -> None:
        """Let systemctl do something; raises SystemdError."""
        self._ask(*words)

    def _ask(self, *words: str) -> str:
        command = ["systemctl", *self._scope, "--no-pager", *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_ANSWER_S, check=False)
        except subprocess.TimeoutExpired:
            raise SystemdError(f"systemctl {words[0]} has not come back within {_ANSWER_S:.0f} s") from None
        except OSError as error:
            raise SystemdError(f"systemctl cannot be run: {error.strerror}") from error
        if done.returncode:
            raise SystemdError(f"systemctl {' '.join(words)}: {clean(done.stderr or done.stdout)}")
        return done.stdout
