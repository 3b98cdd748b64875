"""The completion scripts offer every command, every option and every choice, and the shells take them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from hotswap_tui.cli.command_tree import Command, Option, Value, command_tree
from hotswap_tui.cli.completion_scripts import SCRIPTS
from hotswap_tui.cli.main import COMMANDS, build_parser, main

SMALL = Command(
    (),
    "",
    (Option(("-h", "--help"), "show it"), Option(("--file",), "it's a file: that", Value.FILE)),
    commands=(
        Command(("switch",), "move traffic", (Option(("--to",), "where", Value.WORD, ("primary", "secondary")),)),
        Command(
            ("gateway",),
            "all of it",
            (),
            commands=(Command(("gateway", "init"), "begin", (Option(("--dir",), "where", Value.DIRECTORY),)),),
        ),
        Command(("shell",), "print", (Option(("--why",), "free words", Value.WORD),), words=("bash", "fish")),
    ),
)
ASK_BASH = """
source /dev/stdin <<'SCRIPT'
{script}
SCRIPT
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _hotswap_tui; echo "${{COMPREPLY[*]}}"
"""


@pytest.fixture(scope="module")
def tree() -> Command:
    return command_tree(build_parser())


@pytest.mark.parametrize("shell", SCRIPTS)
def test_every_command_option_and_choice_is_offered(shell, tree, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert {command.path[0] for command in tree.all() if command.path} == set(COMMANDS)
    for command in tree.all():
        assert " ".join(command.path) in script
        for option in command.options:
            for name in option.names:
                assert (f"-l {name[2:]} " if shell == "fish" and name.startswith("--") else name) in script
            assert all(choice in script for choice in option.choices)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("hotswap-tui ''", "switch gateway shell"),
        ("hotswap-tui s", "switch shell"),
        ("hotswap-tui -", "-h --help --file"),
        ("hotswap-tui switch --", "--to"),
        ("hotswap-tui switch --to ''", "primary secondary"),
        ("hotswap-tui switch --to = sec", "secondary"),
        ("hotswap-tui switch --to =", "primary secondary"),
        ("hotswap-tui gateway ''", "init"),
        ("hotswap-tui gateway init --d", "--dir"),
        ("hotswap-tui shell ''", "bash fish"),
        ("hotswap-tui shell --why ''", ""),
        ("hotswap-tui shell --why switch --", "--why"),
    ],
)
def test_what_bash_offers(words, offered):
    script = ASK_BASH.format(script=SCRIPTS["bash"](SMALL), words=words)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=10, check=True)
    assert done.stdout.strip() == offered


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_shell_takes_its_script(shell, tree):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    for each in (SMALL, tree):
        script = SCRIPTS[shell](each)
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=10, check=False)
        assert (done.returncode, done.stderr) == (0, "")
