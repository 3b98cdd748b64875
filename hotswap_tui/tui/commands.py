"""Every command of the dashboard, once: binding, footer, palette and help are made from it.

Lower case looks, upper case acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.keys import format_key

from hotswap_tui.core.values import HOT_SWAP_HINT, SWITCHING, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.tui.app import HotSwapApp

_SHORT_NAMES = {"enter": "enter", "f1": "F1"}
WINDOWS_S = (60, 300, 900, 3600, 21600, 86400)
RATES_S = (0.5, 1.0, 2.0, 5.0)


def never(_snapshot: Snapshot) -> str:
    """Name no hindrance: most commands that look need nothing."""
    return ""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a person can ask for.

    `keys` are Textual's key names or single characters, the first being the one that is shown. `footer` is the
    word in the bottom line, empty to leave it out; the footer drops the highest `rank` first when it is narrow.
    Commands with a `heading` stand under it in the help and as a group of their own in the footer.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    run: Callable[[HotSwapApp], None]
    acting: bool = False
    hindrance: Callable[[Snapshot], str] = never
    """Why it cannot be run now, in words; empty when it can."""
    footer: str | Callable[[Snapshot], str] = ""
    rank: int = 0
    hidden_when_disabled: bool = False
    """Whether the footer leaves it out rather than dimming it."""
    heading: str = ""

    def enabled(self, snapshot: Snapshot) -> bool:
        """Say whether it can be run now."""
        return not self.hindrance(snapshot)

    def word(self, snapshot: Snapshot) -> str:
        """Return the word in the bottom line."""
        return self.footer if isinstance(self.footer, str) else self.footer(snapshot)

    def binding(self) -> Binding:
        """Return the binding that runs this command through the app."""
        return Binding(
            ",".join(self.keys), f"app.command('{self.id}')", self.label, show=False, id=self.id, tooltip=self.help
        )


def key_names(command: Command, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command's keys as a person reads them, after the user's own `keymap` (id → keys)."""
    keys = keymap[command.id].split(",") if command.id in keymap else command.keys
    return tuple(_SHORT_NAMES.get(key.strip(), format_key(key.strip())) for key in keys)


def parse_keymap(text: str) -> dict[str, str]:
    """Return a keymap out of `id=keys` pairs separated by blanks: `arm=D,ctrl+a events=v`.

    Raises ValueError naming the pair that is none.
    """
    keymap = {}
    for pair in text.split():
        command_id, separator, keys = pair.partition("=")
        if not (command_id and separator and keys):
            message = f"{pair!r} is not of the form command=key"
            raise ValueError(message)
        keymap[command_id] = keys
    return keymap


def check_keymap(commands: Sequence[Command], keymap: Mapping[str, str]) -> None:
    """Raise ValueError when `keymap` names no command, or gives one key to two: the wrong one of them may act."""
    if unknown := set(keymap) - {command.id for command in commands}:
        message = f"keys are given for commands that do not exist: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    owners: dict[str, str] = {}
    for command in commands:
        for name in key_names(command, keymap):
            if name in owners:
                message = f"the key {name} is given to both {owners[name]} and {command.id}"
                raise ValueError(message)
            owners[name] = command.id


def find(commands: Sequence[Command], text: str) -> list[Command]:
    """Return the commands whose words contain every word of `text`, in their own order."""
    words = text.lower().split()
    return [c for c in commands if all(word in f"{c.label} {c.help} {c.id}".lower() for word in words)]


def _no_switch(snapshot: Snapshot) -> str:
    if snapshot.secondary is None:
        return HOT_SWAP_HINT
    if snapshot.switch is not None:
        return f"a switch to {snapshot.switch.target} is in progress"
    return "a switch is in progress" if snapshot.state in SWITCHING else ""


def _no_failback(snapshot: Snapshot) -> str:
    already = "the primary is the active database already" if snapshot.active is Role.PRIMARY else ""
    return _no_switch(snapshot) or already


def _no_secondary(snapshot: Snapshot) -> str:
    return HOT_SWAP_HINT if snapshot.secondary is None else ""


def _no_cancel(snapshot: Snapshot) -> str:
    switch = snapshot.switch
    if switch is None:
        return "no switch is in progress"
    if switch.cancellable:
        return ""
    return f"the switch to {switch.target} can no longer be cancelled ({switch.step or 'under way'})"


def _no_gateway(snapshot: Snapshot) -> str:
    return "" if snapshot.router.routed else "there is no gateway"


def _no_repair(snapshot: Snapshot) -> str:
    if hindrance := _no_gateway(snapshot):
        return hindrance
    return "" if snapshot.disagrees else "the gateway points to the active database"


def _arm_word(snapshot: Snapshot) -> str:
    return "Disarm" if snapshot.mode.armed else "Arm"


COMMANDS: tuple[Command, ...] = (
    Command(
        "switch",
        ("S",),
        "Switch traffic…",
        "switch traffic to the other database; asks first, then stays there until you say otherwise",
        lambda app: app.ask_switch(),
        acting=True,
        hindrance=_no_switch,
        footer="Switch",
    ),
    Command(
        "failback",
        ("B",),
        "Fail back…",
        "fail back to the primary and leave automatic switching as it was before; asks first",
        lambda app: app.ask_failback(),
        acting=True,
        hindrance=_no_failback,
        footer="Fail back",
    ),
    Command(
        "arm",
        ("A",),
        "Disarm or arm",
        "turn automatic switching off, or on again; asks only when traffic would move at once",
        lambda app: app.toggle_arm(),
        acting=True,
        hindrance=_no_secondary,
        footer=_arm_word,
    ),
    Command(
        "repair",
        ("R",),
        "Repair the gateway…",
        "point the gateway at the database that the engine says serves; only when they disagree",
        lambda app: app.ask_repair(),
        acting=True,
        hindrance=_no_repair,
        footer="Repair",
        hidden_when_disabled=True,
    ),
    Command(
        "cancel",
        ("X",),
        "Cancel the switch",
        "cancel the switch in progress, while it can be",
        lambda app: app.cancel_switch(),
        acting=True,
        hindrance=_no_cancel,
        footer="Cancel",
        hidden_when_disabled=True,
    ),
    Command(
        "check-now",
        ("r",),
        "Check now",
        "check both databases now",
        lambda app: app.check_now(),
        footer="Check",
        rank=5,
    ),
    Command(
        "freeze",
        ("space",),
        "Freeze the picture",
        "freeze the picture, or let it go on; checks go on in any case",
        lambda app: app.toggle_freeze(),
        footer="Freeze",
        rank=3,
    ),
    Command(
        "window-shorter",
        ("[",),
        "Shorter time window",
        "show less time in the graphs: 24h, 6h, 1h, 15m, 5m, 1m",
        lambda app: app.step_window(-1),
    ),
    Command(
        "window-longer", ("]",), "Longer time window", "show more time in the graphs", lambda app: app.step_window(1)
    ),
    Command(
        "refresh-faster",
        ("+",),
        "Redraw more often",
        "redraw more often, down to every 0.5 s",
        lambda app: app.step_rate(-1),
    ),
    Command(
        "refresh-slower",
        ("-",),
        "Redraw less often",
        "redraw less often, at most every 5 s",
        lambda app: app.step_rate(1),
    ),
    Command(
        "panel-primary",
        ("1",),
        "Primary",
        "the primary on the whole screen, or back",
        lambda app: app.open_panel(Role.PRIMARY),
    ),
    Command(
        "panel-secondary",
        ("2",),
        "Secondary",
        "the secondary on the whole screen, or back",
        lambda app: app.open_panel(Role.SECONDARY),
        hindrance=_no_secondary,
    ),
    Command(
        "panel-traffic",
        ("3",),
        "Traffic",
        "client traffic and the gateway on the whole screen, or back",
        lambda app: app.open_traffic(),
        hindrance=_no_gateway,
    ),
    Command(
        "panel-sync",
        ("4",),
        "Sync",
        "how the data of both databases compares and what a switch would lose, on the whole screen, or back",
        lambda app: app.open_sync(),
        hindrance=_no_secondary,
    ),
    Command(
        "events",
        ("e",),
        "Events",
        "events on the whole screen, or back",
        lambda app: app.open_events(),
        footer="Events",
        rank=2,
    ),
    Command("filter", ("/",), "Filter events", "show only events that contain a text", lambda app: app.filter_events()),
    Command(
        "detail",
        ("enter",),
        "Detail",
        "full error, SQLSTATE, address without password, of what the arrows have selected",
        lambda app: app.open_detail(),
    ),
    Command("log-axis", ("l",), "Log axis", "logarithmic latency axis, or back", lambda app: app.toggle_log()),
    Command("share-axis", ("y",), "Share the axis", "one scale for both graphs", lambda app: app.toggle_shared()),
    Command("copy", ("c",), "Copy", "copy what the screen shows to the clipboard", lambda app: app.copy_screen()),
    Command(
        "snapshot",
        ("w",),
        "Write a snapshot",
        "write the screen as text and the facts as JSON into the directory snapshots, and say where",
        lambda app: app.write_snapshot(),
    ),
    Command("help", ("?", "h", "f1"), "Help", "every key and what it does", lambda app: app.open_help(), footer="Help"),
    Command("palette", ("ctrl+p",), "Command palette", "find a command by its words", lambda app: app.open_palette()),
    Command("quit", ("q", "ctrl+c"), "Quit", "end the dashboard", lambda app: app.ask_quit(), footer="Quit"),
    Command(
        "quit-print",
        ("Q",),
        "Quit and keep the screen",
        "end the dashboard and leave the last screen in the scrollback",
        lambda app: app.ask_quit(keep_screen=True),
    ),
)
