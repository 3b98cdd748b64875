"""What stands before something is loaded into a database: whether it serves, what it holds, and a person's word for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli.sync_work import RefusedError

if TYPE_CHECKING:
    import argparse

    from hotswap_tui.config import Loaded
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot
    from hotswap_tui.dsn import Dsn
    from hotswap_tui.sync.dumps.restore_target import Target

SERVING_WORDS: Final = "overwrite-what-serves"


def add_overwriting_options(parser: argparse.ArgumentParser) -> None:
    """Add what allows to overwrite something."""
    parser.add_argument(
        "--replace",
        nargs="?",
        const="",
        metavar="NAME",
        help="replace what the database holds; asks for its name on a terminal, elsewhere NAME is that name (default: refuse)",
    )
    parser.add_argument(
        "--force",
        choices=(SERVING_WORDS,),
        help="load into a database although it is the one that serves (default: refuse)",
    )


def may_overwrite(args: argparse.Namespace, loaded: Loaded, role: str, dsn: Dsn, target: Target) -> bool:
    """Return whether something is there to be replaced, which has been agreed to; raises RefusedError, SettingsError."""
    if why := target.obstacle():
        raise RefusedError(f"the {role} at {dsn.address}: {why}. Nothing was done")
    holds = target.holds()
    if args.force != SERVING_WORDS:
        _refuse_serving(args, loaded, role, dsn, full=bool(holds))
    if holds:
        _agree(args, role, dsn, target.facts.database, holds)
    return bool(holds)


def _agree(args: argparse.Namespace, role: str, dsn: Dsn, name: str, holds: str) -> None:
    from hotswap_tui.cli.asking import agreed, can_ask  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415
    from hotswap_tui.config import SettingsError  # noqa: PLC0415

    there = f"{name}, the {role} at {dsn.address}, holds {holds}"
    if args.replace is None:
        raise RefusedError(f"{there}; --replace replaces it. Nothing was done")
    if args.replace:
        if args.replace != name:
            raise RefusedError(f"--replace names {args.replace}, and the {role}'s database is {name}. Nothing was done")
        return
    if not can_ask():
        raise SettingsError([f"{there}, and there is no terminal to ask on; --replace={name} says it without"])
    tell([there])
    if not agreed("replace it", name):
        raise RefusedError("nothing was done")


def _refuse_serving(args: argparse.Namespace, loaded: Loaded, role: str, dsn: Dsn, *, full: bool) -> None:
    """Raise RefusedError where `dsn` is known to serve, or holds something and PgBouncer, which would know, does not say."""
    from hotswap_tui.cli.engine_options import UnreachableError, reach, sockets_of  # noqa: PLC0415
    from hotswap_tui.cli.plain_text import tell  # noqa: PLC0415 - `--help` needs none of it

    force = f"--force {SERVING_WORDS} does it all the same. Nothing was done"
    points_to, why = asyncio.run(_points_to(loaded)) if loaded.gateway is not None else ("", "")
    if points_to == role:
        raise RefusedError(f"PgBouncer leads applications to the {role} at {dsn.address}; {force}")
    try:
        snapshot = asyncio.run(reach(sockets_of(args))).snapshot
    except UnreachableError as error:
        if points_to:
            return
        if loaded.gateway is not None and full:
            raise RefusedError(
                f"whether the {role} at {dsn.address} serves is not known: no engine answers, and {why}; {force}"
            ) from error
        tell([f"whether the {role} serves is not known: {error}"])
        return
    if _serves(snapshot, role, dsn):
        raise RefusedError(f"the {role} at {dsn.address} serves, says the engine (pid {snapshot.pid}); {force}")


def _serves(snapshot: Snapshot, role: str, dsn: Dsn) -> bool:
    """Say whether the engine's active database is the one at `dsn`; where it names neither of its two so, its role decides."""
    known = [view.role for view in (snapshot.primary, snapshot.secondary) if view and _is_at(view, dsn)]
    return snapshot.active in known if known else snapshot.active.value == role


def _is_at(view: DatabaseView, dsn: Dsn) -> bool:
    from hotswap_tui.dsn import DsnError, parse  # noqa: PLC0415 - `--help` needs none of it

    try:
        return view.url == dsn.masked() or parse(view.url).identity == dsn.identity
    except DsnError:
        return False


async def _points_to(loaded: Loaded) -> tuple[str, str]:
    """Return the role that PgBouncer leads to; where it cannot be read or leads elsewhere, nothing and why."""
    from hotswap_tui.core.values import Role  # noqa: PLC0415 - `--help` needs none of it
    from hotswap_tui.routing.observed import Observed  # noqa: PLC0415

    assert loaded.gateway is not None
    targets = {Role.PRIMARY: loaded.primary, **({Role.SECONDARY: loaded.secondary} if loaded.secondary else {})}
    router = Observed(loaded.gateway, targets)
    try:
        reading = await router.current()
    finally:
        await router.aclose()
    return (
        (reading.points_to.value, "")
        if reading.points_to
        else ("", reading.error or "PgBouncer leads to neither of the two")
    )
