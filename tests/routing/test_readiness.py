"""What a hold needs is at hand before it is needed, and nothing of it is relied on blindly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from hotswap_tui.routing.pgbouncer import PgBouncerRouter


def readiness(router: PgBouncerRouter):
    return router._tools.holding.readiness


def lives(pid: int) -> bool:
    return Path("/proc", str(pid)).exists()


async def test_a_reading_brings_what_the_next_hold_needs_once(router):
    await router.current()
    first = readiness(router)._guard, readiness(router)._lines
    assert None not in first
    await router.current()
    assert (readiness(router)._guard, readiness(router)._lines) == first


async def test_a_hold_takes_it_and_the_next_reading_brings_it_anew(bouncer, router):
    await router.current()
    taken = readiness(router)._guard
    await router.hold(10)
    assert bouncer.paused()
    assert router._tools.holding._guard is taken
    await router.release()
    assert not bouncer.paused()
    await router.current()
    assert readiness(router)._guard not in {None, taken}


async def test_lines_to_a_pgbouncer_that_was_started_anew_are_not_relied_on(bouncer, router):
    await router.current()
    bouncer.kill()
    bouncer.start()
    await router.hold(10)
    assert bouncer.paused()
    await router.release()
    assert not bouncer.paused()


async def test_a_guard_that_was_ended_is_not_relied_on(bouncer, router):
    await router.current()
    ended = readiness(router)._guard
    assert ended is not None
    ended._process.kill()
    ended._process.wait()
    await router.hold(10)
    assert bouncer.paused()
    assert router._tools.holding._guard is not ended
    await router.release()


async def test_nothing_of_it_is_left_at_the_end(router):
    assert (await router.current()).points_to is Role.PRIMARY
    guard = readiness(router)._guard
    assert guard is not None
    await router.aclose()
    assert not lives(guard._process.pid)
    assert readiness(router)._lines is None
    await router.current()
    assert readiness(router)._guard is None
