"""Random years for two databases, from a seed: outages, flapping, persons, crashes, sleep, full disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core import events
from hotswap_tui.core.policy import Policy
from hotswap_tui.core.values import Fault, Role
from tests.simulation.truth import FAULTS, HOUR_S, Database, Outage
from tests.simulation.virtual_loop import VirtualLoop
from tests.simulation.world import World

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.simulation.truth import Books


def outages(rng: random.Random, hours: float) -> list[Outage]:
    """A fault about every three hours: mostly short, sometimes long, sometimes a burst of flapping."""
    made, at_s = [], rng.expovariate(1 / (3 * HOUR_S))
    while at_s < hours * HOUR_S:
        fault = rng.choice(FAULTS)
        for _ in range(rng.choice((1, 1, 1, 1, 12))):
            lasts_s = rng.choice((rng.uniform(0.1, 20), rng.uniform(5, 120), rng.uniform(60, 2 * HOUR_S)))
            hangs = fault is Fault.TIMEOUT and rng.random() < 0.5
            made.append(Outage(at_s, at_s + lasts_s, fault, old_sessions_live=hangs))
            at_s += lasts_s + rng.uniform(5, 400)
        at_s += rng.expovariate(1 / (3 * HOUR_S))
    return made


def requests(rng: random.Random) -> Callable[[int], events.Request]:
    """What a person may press at any moment."""
    target, force = rng.choice(tuple(Role)), rng.random() < 0.2
    return rng.choice(
        (
            lambda version: events.SwitchRequest("pi@tty1", target, version, force),
            lambda version: events.FailbackRequest("pi@tty1", version),
            lambda _version: events.ArmRequest("pi@tty1"),
            lambda _version: events.ArmRequest("pi@tty1"),
            lambda version: events.RepairRequest("pi@tty1", version),
            lambda _version: events.DisarmRequest("pi@tty1"),
            lambda _version: events.DisarmRequest("pi@tty1", "maintenance", 3600.0),
            lambda _version: events.CheckRequest("pi@tty1"),
            lambda _version: events.CancelRequest("pi@tty1"),
        )
    )


def incidents(rng: random.Random, hours: float) -> list[tuple[float, str]]:
    """When which kind of thing happens around the databases."""
    made = []
    for kind, every_h in (
        ("person", 4),
        ("crash", 15),
        ("sleep", 25),
        ("disk", 60),
        ("repoint", 80),
        ("arm", 9),
        ("lost", 3),
        ("stop", 20),
    ):
        at_s = rng.expovariate(1 / (every_h * HOUR_S))
        while at_s < hours * HOUR_S:
            made.append((at_s, kind))
            at_s += rng.expovariate(1 / (every_h * HOUR_S))
    made += [(at_s * 97.0, "audit") for at_s in range(1, int(hours * HOUR_S / 97.0))]
    return sorted(made)


def happen(world: World, kind: str) -> None:
    """Let one incident happen."""
    rng, now_s = world.rng, world.loop.now_s
    if kind == "audit":
        world.audit()
    elif kind == "person":
        world.ask(requests(rng))
        world.troubled_s = now_s
    elif kind == "arm":
        world.ask(lambda version: events.RepairRequest("pi@tty1", version))
        world.ask(lambda _version: events.ArmRequest("pi@tty1"))
    elif kind == "lost":
        world.lose_idle_connection(rng.choice(tuple(Role)))
    elif kind == "stop" and now_s > world.disk.broken_until_s + 15:
        world.stop()
    elif kind == "crash" and now_s > world.disk.broken_until_s + 15:
        world.loop.crash_at_step = world.loop.steps + rng.randint(1, 60)
    elif kind == "sleep":
        world.sleep(rng.uniform(2, 8 * HOUR_S))
    elif kind == "disk":
        world.disk.broken_until_s = now_s + rng.uniform(5, 600)
    elif kind == "repoint" and world.routed and world.in_flight is None:
        world.points_to = world.points_to.other
        world.troubled_s = now_s


def simulate(rng: random.Random, hours: float) -> Books:
    """Run the real engine through `hours` of trouble; raise BrokenPromiseError when it breaks a promise."""
    loop = VirtualLoop()
    policy = Policy(
        failback_auto=rng.random() < 0.8,
        max_switches_per_hour=rng.choice((2, 6, 6, 6)),
        hold_max_s=rng.choice((0.0, 15.0, 15.0)),
        gateway_interval_s=30.0,
        max_lag_s=rng.choice((None, None, None, 60.0)),
        sync_interval_s=300.0,
        failback_guarded=rng.random() < 0.25,
    )
    world = World(loop, rng, policy, routed=rng.random() < 0.6)
    read_only = rng.random() < 0.15
    world.databases = {
        Role.PRIMARY: Database(Role.PRIMARY, outages(rng, hours), read_only=False),
        Role.SECONDARY: Database(Role.SECONDARY, outages(rng, hours), read_only=read_only),
    }
    try:
        live(world, incidents(rng, hours))
    finally:
        loop.drop_everything()
        loop.close()
    return world.books


def live(world: World, happening: list[tuple[float, str]]) -> None:
    """Let the program run through everything that happens, as often as the power is cut."""
    world.boot()
    for at_s, kind in happening:
        while not world.loop.run_until(at_s):
            if world.loop.now_s > world.disk.broken_until_s + 15:
                world.crash()
            else:
                world.loop.crash_at_step = None
        happen(world, kind)
