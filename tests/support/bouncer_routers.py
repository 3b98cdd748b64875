"""The router as the engine makes it, over a live PgBouncer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from hotswap_tui.dsn import parse
from hotswap_tui.probes.inspection import PostgresInspection
from hotswap_tui.routing.pgbouncer import PgBouncerRouter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotswap_tui.core.plan import Step
    from hotswap_tui.core.values import Role
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.routing.handover import Handover
    from hotswap_tui.routing.inspection import Inspection
    from hotswap_tui.routing.layout import Gateway


def router_of(
    gateway: Gateway,
    urls: Mapping[Role, str],
    *,
    inspect: Callable[[Role], Inspection] | None = None,
    canary: Callable[[], Inspection] | None = None,
    handover: Handover | None = None,
) -> PgBouncerRouter:
    """Return the router of `gateway`; whoever asks the servers may be replaced."""
    targets: dict[Role, Dsn] = {role: parse(SecretStr(url)) for role, url in urls.items()}
    application = parse(gateway.application)
    return PgBouncerRouter(
        gateway,
        targets,
        inspect or (lambda role: PostgresInspection(targets[role])),
        canary or (lambda: PostgresInspection(application, pooled=True)),
        handover,
    )


class Steps:
    """Listens to a switch: which steps were begun and done, and what was waited for."""

    def __init__(self, on_begin: Callable[[Step], object] = lambda _: None) -> None:
        self.begun: list[Step] = []
        self.done: list[Step] = []
        self.details: list[str] = []
        self._on_begin = on_begin

    def __call__(self, step: Step, *, done: bool, detail: str = "") -> None:
        if detail:
            self.details.append(detail)
        elif done:
            self.done.append(step)
        else:
            self.begun.append(step)
            self._on_begin(step)
