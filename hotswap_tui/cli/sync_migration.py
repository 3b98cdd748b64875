"""What `sync schema --command` does: the user's migration command, for one database after the other, in the order that replication needs."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes, plain_text
from hotswap_tui.core.values import Role
from hotswap_tui.routing.inspection import InspectionError
from hotswap_tui.sync.errors import SyncError
from hotswap_tui.sync.schema import migration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotswap_tui.config import Loaded
    from hotswap_tui.dsn.secret import SecretStr
    from hotswap_tui.sync.schema.replicated import Sides

_NAME: Final = "hotswap-tui sync schema"
_SHOWN: Final = 5
_REPLICATED: Final = (
    "{books} is replicated, in which migration tools note what they have done: the run for the other database would find nothing to "
    "do. Nothing was run; hotswap-tui sync setup{two_way}, run again, leaves it out"
)


def migrate(loaded: Loaded, argv: Sequence[str], ambient: Mapping[str, str], *, dry_run: bool) -> int:
    """Run `argv` for the primary, then for the secondary; return an exit code, OK when every run succeeded."""
    assert loaded.secondary is not None
    try:
        sides = asyncio.run(_looked(loaded))
    except InspectionError as error:
        plain_text.tell([f"{_NAME}: {error}; nothing was run"])
        return exit_codes.UNKNOWN
    if sides.books:
        told = _REPLICATED.format(books=sides.books, two_way=_two_way(sides))
        plain_text.tell([f"{_NAME}: {told}"])
        return exit_codes.NOTHING_DONE
    serves = _serving(loaded, ambient)
    roles = sides.order(serves)
    plain_text.tell([f"{role.value}: a standby, which gets the schema by itself" for role in Role if role not in roles])
    if dry_run:
        plain_text.say(_course(loaded, argv, roles))
        return exit_codes.OK
    plain_text.tell(_told(serves, roles, sides))
    if behind := _behind(loaded, sides, roles):
        plain_text.tell([f"{_NAME}: {behind}; nothing was run, since rows on their way may not fit the new schema"])
        return exit_codes.NOTHING_DONE
    code = _run(loaded, argv, ambient, roles, sides)
    if code == exit_codes.OK and sides.replicate:
        _tell_new(loaded, sides)
    return code


def _behind(loaded: Loaded, sides: Sides, roles: Sequence[Role]) -> str:
    """Say why the second database lacks what the first has written; nothing where schemas differ already, which may be the reason."""
    from hotswap_tui.sync.schema.schema_pair import compared  # noqa: PLC0415 - see _looked

    assert loaded.secondary is not None
    why = _arrived(loaded, sides, roles)
    try:
        return "" if not why or asyncio.run(compared(loaded.primary, loaded.secondary)) else why
    except InspectionError:
        return why


def _arrived(loaded: Loaded, sides: Sides, roles: Sequence[Role]) -> str:
    """Wait until the second database has the rows of the first, if it takes them; say why it has not."""
    from hotswap_tui.sync.schema.replicated import arrived  # noqa: PLC0415 - see _looked

    assert loaded.secondary is not None
    if not sides.of[roles[0].other].subscribes:
        return ""
    return asyncio.run(arrived(loaded.primary, loaded.secondary, roles[0]))


def _tell_new(loaded: Loaded, before: Sides) -> None:
    """Say which tables are to be taken into replication."""
    again = f"hotswap-tui sync setup{_two_way(before)} again"
    try:
        new = asyncio.run(_looked(loaded)).new_tables(before)
    except InspectionError as error:
        plain_text.tell([f"{_NAME}: {error}; if tables are new, run {again}"])
        return
    if new:
        listed = ", ".join(new[:_SHOWN]) + (f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else "")
        plain_text.tell([f"new, and not replicated yet: {listed}; run {again} now"])
    else:
        plain_text.tell([f"no table is new; where one is, {again} takes it into replication"])


def _two_way(sides: Sides) -> str:
    return " --two-way" if sides.two_way else ""


def _run(loaded: Loaded, argv: Sequence[str], ambient: Mapping[str, str], roles: Sequence[Role], sides: Sides) -> int:
    for place, role in enumerate(roles):
        if place and (why := _arrived(loaded, sides, roles)):
            plain_text.tell([f"{why}; it goes on when both have the same schema"])
        plain_text.tell([f"── {role.value} {_masked(loaded, role)}: {shlex.join(argv)}"])
        begun = exit_codes.NOT_MIGRATED
        try:
            code = migration.run(argv, migration.environment(ambient, _url(loaded, role)))
            why = "" if code == 0 else f"the command {_ended(code)}"
        except SyncError as error:
            why = str(error)
        except migration.Interrupted:
            why, begun = "interrupted", exit_codes.INTERRUPTED
        if why:
            plain_text.tell([f"{_NAME}: {why}; {_standing(roles, place)}"])
            return begun
    return exit_codes.OK


def _standing(roles: Sequence[Role], place: int) -> str:
    """Return which databases have been migrated, when it ended at `place`."""
    parts = [f"the {role.value} has been migrated" for role in roles[:place]]
    parts.append(f"the {roles[place].value} has not, or in part")
    parts += [f"the {role.value} was not touched" for role in roles[place + 1 :]]
    return ", ".join(parts)


def _ended(code: int) -> str:
    return f"failed with exit code {code}" if code > 0 else f"was ended by signal {-code}"


def _course(loaded: Loaded, argv: Sequence[str], roles: Sequence[Role]) -> list[str]:
    return [f"{role.value}: {migration.VARIABLE}={_masked(loaded, role)} {shlex.join(argv)}" for role in roles]


def _told(serves: Role | None, roles: Sequence[Role], sides: Sides) -> list[str]:
    """Say who uses what is changed, and why in this order."""
    lines = []
    if serves is None:
        lines.append("no engine says which database serves; clients may be using what is changed now")
    elif serves in roles:
        lines.append(f"the {serves.value} serves: clients are using it while its schema is changed")
    if sides.replicate and len(roles) > 1:
        lines.append(
            f"the {roles[0].value} first, whose rows replication carries: what it writes in the new form waits until the "
            f"{roles[1].value} has the change, too"
        )
    return lines


def _serving(loaded: Loaded, ambient: Mapping[str, str]) -> Role | None:
    """Return which database serves, when an engine tells."""
    from hotswap_tui.api.sockets import candidates  # noqa: PLC0415 - only a real run asks
    from hotswap_tui.cli.engine_options import UnreachableError, reach  # noqa: PLC0415

    given = loaded.sources["HOTSWAP_STATE_DIR"] != "default"
    sockets = candidates(ambient, loaded.settings.state_dir if given else None)
    try:
        return asyncio.run(reach(sockets)).snapshot.active
    except UnreachableError:
        return None


def _masked(loaded: Loaded, role: Role) -> str:
    return str(loaded.value("DATABASE_URL" if role is Role.PRIMARY else "DATABASE_URL_SECONDARY"))


def _url(loaded: Loaded, role: Role) -> SecretStr:
    settings = loaded.settings
    url = settings.database_url if role is Role.PRIMARY else settings.database_url_secondary
    assert url is not None
    return url


async def _looked(loaded: Loaded) -> Sides:
    from hotswap_tui.sync.schema.replicated import read_sides  # noqa: PLC0415 - `--help` needs none of it

    assert loaded.secondary is not None
    return await read_sides(loaded.primary, loaded.secondary)
