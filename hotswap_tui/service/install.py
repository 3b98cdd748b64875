"""`service install`: check everything first, then make the user, give it the gateway, write the unit and start it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hotswap_tui
from hotswap_tui.config import load
from hotswap_tui.engine.lock import check_free
from hotswap_tui.routing import atomic
from hotswap_tui.service import owner
from hotswap_tui.service.systemd import SystemdError
from hotswap_tui.service.unit import DIRECTORY, NAME, Wanted, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hotswap_tui.config import Loaded, Profile
    from hotswap_tui.gateway.account import Account
    from hotswap_tui.service.systemd import Systemd

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
"""What systemd gives a service (systemd.exec(5)); a hook is found there."""
_STATE_DIR: Final = "HOTSWAP_STATE_DIR"
_GROUP: Final = "HOTSWAP_GROUP"
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
_TEMPORARY: Final = (Path("/tmp"), Path("/var/tmp"))
_FIRST_FREE_PORT: Final = 1024


class InstallError(Exception):
    """Why the service would not work, and what to do: one line."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants. `arguments` and `options` as in `Wanted`."""

    env_files: tuple[Path, ...]
    profile: Profile | None
    overrides: Mapping[str, str]
    arguments: tuple[str, ...]
    options: tuple[str, ...]
    for_user: bool


def settings(asked: Asked) -> Loaded:
    """Return what the service will find: its env files and options, nothing of this shell. Raises SettingsError, InstallError."""
    if not asked.env_files:
        raise InstallError(
            "name the settings' file with --env-file: a service reads nothing of this shell or directory"
        )
    environ = {"PATH": PATH if not asked.for_user else os.environ.get("PATH", PATH)}
    return load(asked.overrides, environ, asked.env_files, Path("/nonexistent"), asked.profile)


def wanted(asked: Asked, loaded: Loaded, systemd: int) -> Wanted:
    """Return what the unit is to say; what must be looked up is, and nothing is changed."""
    given = loaded.settings
    gateway = loaded.gateway.directory if loaded.gateway is not None else None
    own_state = asked.for_user or loaded.sources[_STATE_DIR] != "default"
    pgbouncers = owner.group_of(gateway) if gateway is not None and not asked.for_user else None
    reached = [*_read(loaded), Path(sys.prefix), Path(hotswap_tui.__file__), Path(sys.base_prefix)]
    kept = [path for path in (gateway, given.state_dir if own_state else None) if path is not None]
    address = given.address()
    return Wanted(
        arguments=asked.arguments,
        options=asked.options,
        env_files=asked.env_files,
        systemd=systemd,
        for_user=asked.for_user,
        account="" if asked.for_user else owner.NAME,
        groups=tuple(dict.fromkeys(group for group in (pgbouncers, given.group) if group and not asked.for_user)),
        state_dir=given.state_dir if own_state else None,
        group=owner.NAME if given.group is None and not asked.for_user else None,
        writable=tuple(kept),
        home=any(_within(path, _HOMES) for path in (*reached, *kept)),
        shared_tmp=any(_within(path, _TEMPORARY) for path in (*reached, *kept)),
        low_port=address is not None and 0 < address.port < _FIRST_FREE_PORT,
    )


def _read(loaded: Loaded) -> list[Path]:
    """Return the files and sockets that the settings name, besides env files and the gateway."""
    dsns = [dsn for dsn in (loaded.primary, loaded.secondary) if dsn is not None]
    tls = [path for dsn in dsns for path in (dsn.tls.root_cert, dsn.tls.cert, dsn.tls.key, dsn.passfile)]
    sockets = [address.host for dsn in dsns for address in dsn.addresses]
    hook = loaded.settings.on_switch_arguments()[:1]
    return [Path(path) for path in (*tls, *sockets, *hook) if path and path.startswith("/")]


def _within(path: Path, places: Sequence[Path]) -> bool:
    return any(place in (path, *path.parents) for place in places)


def check(asked: Asked, loaded: Loaded, systemd: Systemd) -> None:
    """Raise InstallError, OwnerError or LockedError when the service could not work; nothing is changed."""
    if not asked.for_user and os.geteuid() != 0:
        raise InstallError("only root can install a system service: sudo, or --user for one of your own")
    if asked.for_user and os.geteuid() == 0 and systemd.unit.is_relative_to("/root"):
        raise InstallError("root's own service is the system's: leave --user out")
    gateway = loaded.gateway.directory if loaded.gateway is not None else None
    if not asked.for_user:
        _refuse_its_own(asked, loaded)
    if gateway is not None and not asked.for_user:
        owner.refuse_stranger(gateway, owner.find())
    if systemd.facts().active != "active":
        for directory in (loaded.settings.state_dir, *([gateway] if gateway is not None else [])):
            check_free(directory)


def _refuse_its_own(asked: Asked, loaded: Loaded) -> None:
    """Raise InstallError for an env file where the service writes: root would read whatever the service puts there."""
    gateway = [loaded.gateway.directory] if loaded.gateway is not None else []
    places = [path.resolve() for path in (*gateway, loaded.settings.state_dir)]
    for path in asked.env_files:
        if _within(path.resolve(), places):
            better = f"/etc/{DIRECTORY}/{path.name}"
            raise InstallError(
                f"{path} lies where the service itself writes, and root reads it at each start; install -D -m 600 {path} {better}, "
                f"then --env-file {better}"
            )


def carry_out(asked: Asked, loaded: Loaded, systemd: Systemd) -> Iterator[str]:
    """Do it and yield what was done, one line for each thing; raises InstallError, OwnerError, SystemdError, OSError."""
    if not asked.for_user:
        known = owner.find()
        account = owner.make()
        if known is None:
            yield f"made the user and group {account.name}"
        _check_reach(loaded, account)
        if loaded.gateway is not None:
            yield from owner.give(loaded.gateway.directory, account)
    else:
        account = None
    unit = wanted(asked, loaded, systemd.version())
    if unit.state_dir is not None:
        yield from _make_state(unit.state_dir, account)
    systemd.unit.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(systemd.unit, render(unit), 0o644)
    yield f"wrote {systemd.unit}"
    systemd.do("daemon-reload")
    systemd.do("enable", NAME)
    yield f"enabled {NAME}: it starts with this {'user' if asked.for_user else 'machine'}"
    try:
        systemd.do("restart", NAME)
    except SystemdError as error:
        scope = "--user-unit" if asked.for_user else "--unit"
        raise InstallError(f"{NAME} does not start: {error}; journalctl {scope} {NAME} says why") from error
    yield f"started {NAME}: {systemd.facts().status or 'it runs'}"


def _check_reach(loaded: Loaded, account: Account) -> None:
    """Raise InstallError when the service's user could not run this program, or read what the settings name."""
    program = Path(sys.executable)
    package = Path(hotswap_tui.__file__)
    gateway = [loaded.gateway.directory] if loaded.gateway is not None else []
    for path in (program, program.resolve(), package, *_read(loaded), *gateway):
        if obstacle := account.obstacle(path):
            what = "install hotswap-tui" if path in {program, program.resolve(), package} else "put it"
            raise InstallError(
                f"{account.name} cannot pass {obstacle} on the way to {path}; {what} elsewhere, as in /opt"
            )
        if not account.may("r", path) and path not in gateway:
            raise InstallError(f"{account.name} cannot read {path}; give that user access to it")


def _make_state(directory: Path, account: Account | None) -> Iterator[str]:
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True)
        if account is not None:
            os.chown(directory, account.uid, account.gid)
        yield f"made {directory}"
    if account is not None and directory.stat().st_uid != account.uid:
        raise InstallError(f"{directory} does not belong to {account.name}; chown -R {account.name}: {directory}")


def remove(systemd: Systemd) -> Iterator[str]:
    """Stop the service and take its unit away; yield what was done and what stays. Raises SystemdError, OSError."""
    if not systemd.unit.exists():
        raise InstallError(f"there is no {systemd.unit}")
    systemd.do("disable", "--now", NAME)
    yield f"stopped and disabled {NAME}"
    systemd.unit.unlink()
    systemd.do("daemon-reload")
    yield f"removed {systemd.unit}"
    if not systemd.for_user:
        yield f"kept: /var/lib/{DIRECTORY} with the journal, the user and group {owner.NAME}, and the gateway, which is theirs"
