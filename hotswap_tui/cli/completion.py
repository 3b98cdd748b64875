"""`hotswap-tui completion`: the script that makes a shell complete commands, options and their values."""

from __future__ import annotations

import argparse
from typing import Final

from hotswap_tui.cli import exit_codes

_EPILOG: Final = """\
bash  hotswap-tui completion bash > ~/.local/share/bash-completion/completions/hotswap-tui
zsh   hotswap-tui completion zsh > "${fpath[1]}/_hotswap_tui"
fish  hotswap-tui completion fish > ~/.config/fish/completions/hotswap-tui.fish
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = subparsers.add_parser(
        "completion",
        description="Print a script that makes a shell complete the commands, their options and values.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to write it for")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script; return the exit code."""
    from hotswap_tui.cli.command_tree import command_tree  # noqa: PLC0415 - no other command needs them
    from hotswap_tui.cli.completion_scripts import SCRIPTS  # noqa: PLC0415
    from hotswap_tui.cli.main import build_parser  # noqa: PLC0415

    print(SCRIPTS[args.shell](command_tree(build_parser())), end="")
    return exit_codes.OK
