"""Settings and waits that the fault tests share: quick to decide, slow to be wrong on a busy machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hotswap_tui.core.plan import Recipe
from hotswap_tui.core.values import Role, State
from tests.support.until import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap_tui.core.snapshot import Snapshot
    from hotswap_tui.demo.load import Attempt, Load
    from tests.support.engine_process import EngineProcess
    from tests.support.traffic import Stage

FAST = {
    "DB_HEALTH_CHECK_INTERVAL": "500",
    "DB_CONNECTION_TIMEOUT": "500",
    "DB_FAILURE_THRESHOLD": "3",
    "DB_FAILURE_RETRY_INTERVAL": "50",
    "DB_PRIMARY_RETRY_INTERVAL": "400",
    "DB_FRESH_CONNECT_EVERY": "5",
    "DB_FAILBACK": "manual",
    "DB_MAX_SWITCHES_PER_HOUR": "60",
}
ANSWERS = 5
"""After so many answers of each client, traffic flows."""
ANSWERED_S = 15.0
"""Before a client of the load gives up by itself, so that one which is stuck is noticed."""


def serves(role: Role) -> Callable[[Snapshot], bool]:
    """Say of a picture whether `role` serves, traffic goes there, nothing is under way, and both databases are well."""
    state = State.PRIMARY if role is Role.PRIMARY else State.SECONDARY

    def settled(picture: Snapshot) -> bool:
        quiet = picture.switch is None and picture.hold is None and not picture.router.paused
        return quiet and picture.state is state and picture.router.points_to is role

    return settled


def both_up(picture: Snapshot) -> bool:
    """Say whether both databases passed their last check."""
    views = [picture.database(role) for role in Role]
    return all(view is not None and view.passes > 0 for view in views)


def consistent(picture: Snapshot) -> bool:
    """Say whether nothing is under way, and the engine and PgBouncer name one database, which answers."""
    quiet = picture.switch is None and picture.hold is None and not picture.router.paused and not picture.disagrees
    active = picture.database(picture.active)
    answers = active is not None and active.passes > 0
    return quiet and answers and picture.serving and picture.router.points_to is picture.active


async def bring_about(stage: Stage, engine: EngineProcess, recipe: Recipe, *, force: bool = False) -> None:
    """Make the engine move traffic to the secondary by that recipe; `force`: a person insists."""
    match recipe:
        case Recipe.PLANNED:
            refusal = await engine.switch(Role.SECONDARY, force=force)
            assert not refusal, refusal
        case Recipe.CRASHED:
            await asyncio.to_thread(stage.primary.crash)
        case Recipe.HUNG:
            await asyncio.to_thread(stage.primary.freeze)


def began_after(load: Load, moment_s: float) -> Iterator[Attempt]:
    """Give the attempts of the load that began after that moment."""
    return (attempt for attempt in load.timeline() if attempt.at_s - attempt.took_s > moment_s)


async def answered(load: Load, marker: str = "") -> None:
    """Wait until each client has been answered some times more, the last time by the server `marker` if that is given."""
    before = [client.successes for client in load.totals().clients]

    def flows() -> bool:
        clients = zip(load.totals().clients, before, strict=True)
        return all(now.successes >= then + ANSWERS and marker in {"", now.marker} for now, then in clients)

    await until(flows, ANSWERED_S, f"answers {f'of the {marker} ' if marker else ''}to each client")
