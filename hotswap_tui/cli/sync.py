"""`hotswap-tui sync`: what the two databases have in common, and how to bring them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.cli import (
    sync_copy,
    sync_dump,
    sync_heartbeat,
    sync_restore,
    sync_schema,
    sync_setup,
    sync_status,
    sync_teardown,
)

if TYPE_CHECKING:
    import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its own commands to a command line."""
    parser = subparsers.add_parser(
        "sync",
        description="A failover loses what the secondary has not received. These commands say how much that is, and make it less.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (
        sync_status,
        sync_schema,
        sync_setup,
        sync_teardown,
        sync_dump,
        sync_restore,
        sync_copy,
        sync_heartbeat,
    ):
        command.add_parser(commands)
