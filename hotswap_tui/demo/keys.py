"""The demo's own keys: faults, on the database that `t` chooses and the footer names, and on PgBouncer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.values import Level, Role
from hotswap_tui.demo.servers import ServerError
from hotswap_tui.routing.target_file import TargetFileError
from hotswap_tui.tui.commands import Command

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from hotswap_tui.demo.client_load import ClientLoad
    from hotswap_tui.demo.stage import Stage
    from hotswap_tui.tui.app import HotSwapApp


HEADING = "The demo's faults"


_SPARE_RANK = 5
"""The bottom line names them where it has room; the help does in any case."""


class Saboteur:
    """Lets a person break and mend one of the two servers, and PgBouncer."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._target = Role.PRIMARY

    def commands(self) -> Sequence[Command]:
        """Return the commands, in the order of the footer."""
        return (
            self._fault("demo-kill", "K", "Kill", "kill the server (SIGKILL)", self._stage.crash),
            self._fault("demo-hang", "F", "Hang", "hang the server (SIGSTOP), or let it go on", self._stage.freeze),
            self._fault(
                "demo-restart", "T", "Start", "start the crashed server, restart a running one", self._stage.restart
            ),
            self._fault("demo-slow", "L", "Slow", "make the server's answers slow, or fast again", self._stage.slow, 1),
            Command(
                "demo-target",
                ("t",),
                "Demo: other database",
                "let them strike the other database; the bottom line says which",
                self._change_target,
                footer=lambda _: f"on {self._target}",
                heading=HEADING,
            ),
            *(self._gateway_commands(self._stage.clients) if self._stage.clients else ()),
        )

    def _gateway_commands(self, clients: ClientLoad) -> Sequence[Command]:
        def divert(app: HotSwapApp) -> None:
            self._strike(app, lambda _: self._stage.divert(app.present().active.other))

        def rest(app: HotSwapApp) -> None:
            clients.pause(paused=not clients.paused)
            app.say(f"the demo's clients {'rest' if clients.paused else 'go on'}")

        def kill(app: HotSwapApp) -> None:
            self._strike(app, lambda _: self._stage.kill_gateway())

        return (
            _spare("demo-kill-gateway", "G", "Kill PgBouncer", "kill PgBouncer; it comes back by itself", kill),
            _spare(
                "demo-divert", "D", "Divert", "point PgBouncer to the other database behind the engine's back", divert
            ),
            _spare("demo-rest", "P", "Pause clients", "let the demo's clients rest, or go on", rest),
        )

    def _fault(
        self,
        command_id: str,
        key: str,
        word: str,
        description: str,
        strike: Callable[[Role], Awaitable[str]],
        rank: int = 0,
    ) -> Command:
        return Command(
            command_id,
            (key,),
            f"Demo: {word.lower()}",
            description,
            lambda app: self._strike(app, strike),
            footer=word,
            rank=rank,
            heading=HEADING,
        )

    def _change_target(self, app: HotSwapApp) -> None:
        self._target = self._target.other
        app.say(f"the demo's faults strike the {self._target} now")

    def _strike(self, app: HotSwapApp, strike: Callable[[Role], Awaitable[str]]) -> None:
        async def work() -> None:
            try:
                app.say(f"demo: {await strike(self._target)}", Level.WARNING)
            except (ServerError, TargetFileError) as error:
                app.say(f"demo: {str(error).splitlines()[0]}", Level.BAD)

        app.run_worker(work(), exit_on_error=False)


def _spare(command_id: str, key: str, word: str, description: str, run: Callable[[HotSwapApp], None]) -> Command:
    label = f"Demo: {word[0].lower()}{word[1:]}"
    return Command(command_id, (key,), label, description, run, footer=word, rank=_SPARE_RANK, heading=HEADING)
