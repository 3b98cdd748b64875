"""`hotswap-tui service`: the systemd service that runs the engine."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.options import VARIABLES, add_settings_options, flag, overrides

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap_tui.config import Loaded
    from hotswap_tui.service.install import Asked
    from hotswap_tui.service.systemd import Facts, Systemd

_INSTALL: Final = """\
Write hotswap-tui.service and start it: `serve` as the user hotswap, who reaches little of this machine. Everything is checked first,
and what is done is said line by line. The settings are those of --env-file and the options here; nothing else of this shell or
directory counts. Whoever is in the group hotswap may attach a dashboard and act. HOTSWAP_ON_SWITCH runs behind the same walls: it
writes to the state directory and the gateway only, and sudo does not work there. Called again, it takes other options.
"""
_USER: Final = "a service of this user's own systemd (default: the system's)"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own commands to a command line."""
    parser = subparsers.add_parser("service", description="Run the engine as a systemd service.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(commands, "install", "write the unit and start the service", _INSTALL, _install)
    _add(commands, "uninstall", "stop the service and take its unit away", "", _uninstall)
    _add(commands, "status", "say how the service is, and who serves", exit_codes.table(exit_codes.SERVICE), _status)
    install = commands.choices["install"]
    install.add_argument("--print", action="store_true", help="print the unit only (default: install it)")
    add_settings_options(install)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    meaning: str,
    more: str,
    act: Callable[[argparse.Namespace], int],
) -> None:
    parser = commands.add_parser(
        name, help=meaning, description=more or None, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--user", action="store_true", help=_USER)
    parser.set_defaults(run=lambda args: _carry_out(name, act, args))


def _carry_out(name: str, act: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Do what was asked for, or say in one line why not; return the exit code."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.engine.lock import LockedError, LockUnavailableError  # noqa: PLC0415
    from hotswap_tui.service.install import InstallError  # noqa: PLC0415
    from hotswap_tui.service.owner import OwnerError  # noqa: PLC0415
    from hotswap_tui.service.systemd import SystemdError  # noqa: PLC0415

    def failed(why: object, code: int) -> int:
        for line in str(why).splitlines():
            streams.complain(f"hotswap-tui service {name}: {line}")
        return code

    try:
        return act(args)
    except SettingsError as error:
        return failed(error, exit_codes.USAGE)
    except LockedError as error:
        return failed(f"{error}; end it first", exit_codes.LOCKED)
    except PermissionError as error:
        return failed(f"{error.filename}: permission denied; run this as root", exit_codes.FAILED)
    except (InstallError, OwnerError, SystemdError, LockUnavailableError, OSError) as error:
        return failed(error, exit_codes.FAILED)


def _install(args: argparse.Namespace) -> int:
    from hotswap_tui.service import install  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.service.systemd import OLDEST  # noqa: PLC0415
    from hotswap_tui.service.unit import render  # noqa: PLC0415

    asked, systemd = _asked(args), _systemd(args)
    loaded = install.settings(asked)
    if args.print:
        version = systemd.version() if systemd.installed else OLDEST
        streams.say(render(install.wanted(asked, loaded, version)).rstrip("\n"))
        return exit_codes.OK
    systemd.check()
    install.check(asked, loaded, systemd)
    for line in install.carry_out(asked, loaded, systemd):
        streams.say(line)
    for line in _hints(args, loaded):
        streams.complain(line)
    return exit_codes.OK


def _hints(args: argparse.Namespace, loaded: Loaded) -> list[str]:
    systemctl = "systemctl --user" if args.user else "systemctl"
    hints = [f"note: after a change to the settings' file: {systemctl} reload hotswap-tui"]
    if args.user and not Path("/var/lib/systemd/linger", os.environ.get("USER", "")).is_file():
        hints.append("note: it ends when you log out, and waits until you log in, unless: loginctl enable-linger")
    if not args.user:
        hints.append("note: whoever is to attach and act: usermod -aG hotswap NAME, then log in again")
    if loaded.settings.on_switch is not None:
        hints.append("note: HOTSWAP_ON_SWITCH may write to the state directory and the gateway only")
    return [*hints, *loaded.warnings]


def _uninstall(args: argparse.Namespace) -> int:
    from hotswap_tui.service.install import remove  # noqa: PLC0415 - see options.load_settings

    systemd = _systemd(args)
    systemd.check()
    for line in remove(systemd):
        streams.say(line)
    return exit_codes.OK


def _status(args: argparse.Namespace) -> int:
    systemd = _systemd(args)
    systemd.check()
    if not systemd.unit.exists():
        streams.say(f"not installed: there is no {systemd.unit}")
        return exit_codes.NOT_INSTALLED
    facts = systemd.facts()
    for line in (_service(facts), f"unit      {systemd.unit}{_differs(systemd)}", f"engine    {_engine(systemd)}"):
        streams.say(line)
    return exit_codes.OK if facts.active == "active" else exit_codes.FAILED


def _service(facts: Facts) -> str:
    since = f" since {facts.since}" if facts.since and facts.active == "active" else ""
    pid = f", pid {facts.pid}" if facts.pid else ""
    why = f" ({facts.result})" if facts.result not in {"", "success"} else ""
    again = f", started again {facts.restarts} times" if facts.restarts else ""
    return f"service   {facts.active}{why}{since}{pid}{again}, {'enabled' if facts.enabled else 'not enabled'}"


def _engine(systemd: Systemd) -> str:
    """Return in one line who serves, or why nobody says it."""
    import asyncio  # noqa: PLC0415 - `--help` needs none of it

    from hotswap_tui.cli.engine_options import UnreachableError, reach  # noqa: PLC0415
    from hotswap_tui.cli.plain_status import sentence  # noqa: PLC0415

    try:
        snapshot = asyncio.run(reach((systemd.socket,))).snapshot
    except UnreachableError as error:
        return str(error)
    return sentence(snapshot, snapshot.now_s)


def _differs(systemd: Systemd) -> str:
    """Return in brackets whether `service install` would write another unit now; empty when it would not."""
    from hotswap_tui.config import SettingsError  # noqa: PLC0415 - see options.load_settings
    from hotswap_tui.service import install  # noqa: PLC0415
    from hotswap_tui.service.unit import installed_by, render  # noqa: PLC0415

    text = systemd.unit.read_text(encoding="utf-8")
    arguments = installed_by(text)
    if arguments is None:
        return " (not written by hotswap-tui)"
    try:
        asked = _asked(_parsed(arguments))
        now = render(install.wanted(asked, install.settings(asked), systemd.version()))
    except SettingsError:
        return " (its settings cannot be read by this user, or are wrong)"
    return "" if now == text else f" (differs from what `service install {' '.join(arguments)}` writes now)"


def _parsed(arguments: tuple[str, ...]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    return parser.parse_args(["service", "install", *arguments])


def _asked(args: argparse.Namespace) -> Asked:
    from hotswap_tui.service.install import Asked  # noqa: PLC0415 - see options.load_settings

    env_files = tuple(path.expanduser().absolute() for path in args.env_file)
    given = overrides(args)
    profile = ("--profile", args.profile) if args.profile else ()
    options = (*profile, *(word for name in VARIABLES if name in given for word in (flag(name), given[name])))
    user = ("--user",) if args.user else ()
    files = tuple(word for path in env_files for word in ("--env-file", str(path)))
    return Asked(env_files, args.profile, given, (*user, *files, *options), options, args.user)


def _systemd(args: argparse.Namespace) -> Systemd:
    from hotswap_tui.service.systemd import Systemd  # noqa: PLC0415 - see options.load_settings

    return Systemd(for_user=args.user)
