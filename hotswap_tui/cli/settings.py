"""`hotswap-tui settings`: the settings in force and where each came from; passwords masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.cli import exit_codes, streams
from hotswap_tui.cli.options import add_settings_options, load_settings
from hotswap_tui.core.values import HOT_SWAP_HINT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from hotswap_tui.config import Loaded


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "settings",
        description="Print the settings in force and where each came from. Passwords are masked.",
    )
    parser.add_argument(
        "--markdown",
        action="store_true",
        help="print the documentation of all settings as a table (default: what is in force)",
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print, and return the exit code."""
    from hotswap_tui.config import SettingsError, settings_table  # noqa: PLC0415 - see options.load_settings

    if args.markdown:
        print(settings_table())
        return exit_codes.OK
    try:
        loaded = load_settings(args)
    except SettingsError as error:
        streams.complain(str(error))
        return exit_codes.USAGE
    for name, value in _values(loaded):
        print(f"{name:<30} {value}  ({loaded.sources[name]})")
    hint = () if loaded.secondary else (HOT_SWAP_HINT,)
    for line in (*hint, *loaded.warnings, *loaded.notes):
        streams.complain(line)
    return exit_codes.OK


def _values(loaded: Loaded) -> Iterator[tuple[str, str]]:
    for name in loaded.sources:
        value = loaded.value(name)
        shown = int(value) if isinstance(value, bool) else value
        yield name, "not set" if shown is None else str(shown)
