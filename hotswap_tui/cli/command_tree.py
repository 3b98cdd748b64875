"""Every command with its options and values, read from the parsers themselves."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTORY: Final = "DIR"
_FILES: Final = frozenset({"FILE", "PATH", "SOCKET"})


class Value(Enum):
    """What stands after an option."""

    NOTHING = auto()
    WORD = auto()
    FILE = auto()
    DIRECTORY = auto()


@dataclass(frozen=True, slots=True)
class Option:
    """One option, or one word that may stand in an argument's place."""

    names: tuple[str, ...]
    meaning: str
    value: Value = Value.NOTHING
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One command; the program itself has no path."""

    path: tuple[str, ...]
    meaning: str
    options: tuple[Option, ...]
    words: tuple[str, ...] = ()
    """What may stand in its argument's place."""
    commands: tuple[Command, ...] = ()

    def all(self) -> Iterator[Command]:
        """Yield this command and all below it."""
        yield self
        for command in self.commands:
            yield from command.all()


def command_tree(parser: argparse.ArgumentParser, path: tuple[str, ...] = (), meaning: str = "") -> Command:
    """Return everything that can be typed after the name of `parser`."""
    options, words, commands = [], list[str](), []
    for action in parser._actions:  # noqa: SLF001 - argparse tells nobody what it was given
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            meanings = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
            commands += [
                command_tree(_loaded(action, name), (*path, name), meanings.get(name, ""))
                for name in list(action.choices)
            ]
        elif action.option_strings:
            options.append(_option(parser, action))
        else:
            words += [str(choice) for choice in action.choices or ()]
    return Command(path, meaning, tuple(options), tuple(words), tuple(commands))


def _loaded(action: argparse._SubParsersAction[argparse.ArgumentParser], name: str) -> argparse.ArgumentParser:
    """Return the parser of a command; those of the program itself are loaded when they are asked for."""
    load = getattr(action, "load", None)
    parser: argparse.ArgumentParser = action.choices[name] if load is None else load(name)
    return parser


def _option(parser: argparse.ArgumentParser, action: argparse.Action) -> Option:
    told = parser._get_formatter()._expand_help(action) if action.help else ""  # noqa: SLF001 - as above
    choices = tuple(str(choice) for choice in action.choices or ())
    return Option(tuple(action.option_strings), told.partition(" (default:")[0], _value(action), choices)


def _value(action: argparse.Action) -> Value:
    if action.nargs == 0:
        return Value.NOTHING
    if action.metavar == _DIRECTORY:
        return Value.DIRECTORY
    return Value.FILE if action.type is Path or action.metavar in _FILES else Value.WORD
