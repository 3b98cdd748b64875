"""The scripts that complete a command line, made from the tree of commands.

Each walks over the words before the cursor to find the command, then offers what that takes. What is offered is written out: a shell
must not wait for Python at every press of the tabulator key.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli.command_tree import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hotswap_tui.cli.command_tree import Command, Option

_BASH: Final = """\
# bash completion for hotswap-tui
_hotswap_tui() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} at="" offered="" i
    [[ $cur == "=" ]] && cur=""
    [[ $prev == "=" ]] && prev=${{COMP_WORDS[COMP_CWORD-2]}}
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$at ${{COMP_WORDS[i]}}" in
{commands}
        esac
    done
    case "$at $prev" in
{values}
    esac
    case "$at" in
{offers}
    esac
    COMPREPLY=($(compgen -W "$offered" -- "$cur"))
}}
complete -F _hotswap_tui hotswap-tui
"""
_BASH_VALUES: Final = {
    Value.FILE: 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return',
    Value.DIRECTORY: 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")); return',
    Value.WORD: "return",
}

_ZSH: Final = """\
#compdef hotswap-tui
_hotswap_tui() {{
    local at="" prev=${{words[CURRENT-1]}} i
    local -a offered options
    for ((i = 2; i < CURRENT; i++)); do
        case "$at ${{words[i]}}" in
{commands}
        esac
    done
    case "$at $prev" in
{values}
    esac
    case "$at" in
{offers}
    esac
    (( $#offered )) && _describe 'hotswap-tui' offered
    _describe -o 'hotswap-tui' options
}}
if [[ ${{funcstack[1]}} == _hotswap_tui ]]; then
    _hotswap_tui "$@"
else
    compdef _hotswap_tui hotswap-tui
fi
"""
_ZSH_VALUES: Final = {Value.FILE: "_files; return", Value.DIRECTORY: "_files -/; return", Value.WORD: "return"}

_FISH: Final = """\
# fish completion for hotswap-tui
function __hotswap_tui_at
    set -l at ""
    set -l typed (commandline -opc)
    for word in $typed[2..-1]
        switch "$at $word"
{commands}
        end
    end
    test "$at" = "$argv[1]"
end
complete -c hotswap-tui -f
{offers}
"""
_FISH_VALUES: Final = {
    Value.NOTHING: "",
    Value.WORD: " -x",
    Value.FILE: " -r -F",
    Value.DIRECTORY: " -x -a '(__fish_complete_directories)'",
}


def bash(tree: Command) -> str:
    """Return the script for bash."""
    choose = 'COMPREPLY=($(compgen -W "{}" -- "$cur")); return'
    offers = "\n".join(_bash_offer(command) for command in tree.all())
    return _BASH.format(commands=_walk(tree), values=_value_cases(tree, choose, _BASH_VALUES), offers=offers)


def _bash_offer(command: Command) -> str:
    words, options = (shlex.quote(" ".join(some)) for some in (_words(command), _options(command)))
    if words == "''":
        return f"        {_at(command)}) offered={options} ;;"
    return f"        {_at(command)}) [[ $cur == -* ]] && offered={options} || offered={words} ;;"


def zsh(tree: Command) -> str:
    """Return the script for zsh."""
    values = _value_cases(tree, "compadd -- {}; return", _ZSH_VALUES)
    offers = "\n".join(_zsh_offer(command) for command in tree.all())
    return _ZSH.format(commands=_walk(tree), values=values, offers=offers)


def _zsh_offer(command: Command) -> str:
    words = [*(f"{below.path[-1]}:{_colons(below.meaning)}" for below in command.commands), *command.words]
    options = [f"{name}:{_colons(option.meaning)}" for option in command.options for name in option.names]
    offered, also = (" ".join(map(shlex.quote, some)) for some in (words, options))
    return f"        {_at(command)}) offered=({offered}) options=({also}) ;;"


def fish(tree: Command) -> str:
    """Return the script for fish."""
    steps = [
        f"            case {_fish_quoted(_step(command))}\n                set at {_fish_quoted(' '.join(command.path))}"
        for command in tree.all()
        if command.path
    ]
    return _FISH.format(
        commands="\n".join(steps), offers="\n".join(line for command in tree.all() for line in _fish_lines(command))
    )


SCRIPTS: Final[Mapping[str, Callable[[Command], str]]] = {"bash": bash, "zsh": zsh, "fish": fish}


def _at(command: Command) -> str:
    return shlex.quote(" ".join(command.path))


def _step(command: Command) -> str:
    """Return where one is before the command's last word, and that word."""
    return f"{' '.join(command.path[:-1])} {command.path[-1]}"


def _walk(tree: Command) -> str:
    return "\n".join(
        f"            {shlex.quote(_step(command))}) at={_at(command)} ;;" for command in tree.all() if command.path
    )


def _value_cases(tree: Command, choose: str, values: Mapping[Value, str]) -> str:
    """Return a case for all options after which the same is offered."""
    places: dict[str, list[str]] = {}
    for command in tree.all():
        for option in command.options:
            if option.value is not Value.NOTHING:
                act = choose.format(" ".join(option.choices)) if option.choices else values[option.value]
                here = " ".join(command.path)
                places.setdefault(act, []).extend(shlex.quote(f"{here} {name}") for name in option.names)
    return "\n".join(f"        {'|'.join(where)}) {act} ;;" for act, where in places.items())


def _words(command: Command) -> Iterator[str]:
    yield from (below.path[-1] for below in command.commands)
    yield from command.words


def _options(command: Command) -> Iterator[str]:
    return (name for option in command.options for name in option.names)


def _colons(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish_lines(command: Command) -> Iterator[str]:
    here = f"__hotswap_tui_at {_fish_quoted(' '.join(command.path))}"
    start = f"complete -c hotswap-tui -n {_fish_quoted(here)}"
    for below in command.commands:
        yield f"{start} -a {below.path[-1]} -d {_fish_quoted(below.meaning)}"
    for word in command.words:
        yield f"{start} -a {word}"
    for option in command.options:
        yield f"{start} {_fish_names(option)}{_fish_value(option)} -d {_fish_quoted(option.meaning)}"


def _fish_names(option: Option) -> str:
    return " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)


def _fish_value(option: Option) -> str:
    if option.choices:
        return f" -x -a {_fish_quoted(' '.join(option.choices))}"
    return _FISH_VALUES[option.value]
