"""`hotswap-tui gateway`: set PgBouncer up in front of the databases, and keep it in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.cli import gateway_adopt, gateway_init, gateway_release, gateway_run

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own commands to a command line."""
    parser = subparsers.add_parser(
        "gateway",
        description="Applications connect to one endpoint, PgBouncer, which leads them to the database that serves.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (gateway_init, gateway_adopt, gateway_run, gateway_release):
        command.add_parser(commands)
