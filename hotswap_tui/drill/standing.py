"""How things stand when a drill is over, and what a person must do where they are not as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.values import Role

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot


def as_it_was(before: Snapshot, now: Snapshot) -> bool:
    """Say whether traffic and mode are as they were before the drill."""
    moved = now.active is not before.active or now.switch is not None or now.disagrees
    return not moved and now.serving and now.mode.armed is before.mode.armed


def standing(before: Snapshot, now: Snapshot, lost: str) -> str:
    """Return who serves and whether automation acts, with what to do; `lost` says why the engine is not heard."""
    what = f"{now.active} {'serves' if now.serving else 'does NOT serve'}, automatic switching is {_mode(now)}"
    if lost:
        return (
            f"the engine does not answer ({lost}); last known: {what}. Look at `hotswap-tui status`; where the secondary "
            "serves, `hotswap-tui failback`"
        )
    if as_it_was(before, now):
        return f"{what}, as before"
    return f"{what}. {_to_do(now)}"


def _mode(now: Snapshot) -> str:
    mode = now.mode
    return "on" if mode.armed else f"OFF{f' (by {mode.by})' if mode.by else ''}"


def _to_do(now: Snapshot) -> str:
    if now.switch is not None:
        return f"A switch to the {now.switch.target} is under way: look at `hotswap-tui status --watch`"
    if now.disagrees:
        return f"PgBouncer points to {now.router.address or 'nowhere'}: look, then `hotswap-tui repair`"
    if now.active is Role.SECONDARY:
        auto = now.mode.armed and now.policy.failback_auto
        itself = "Automation brings traffic back when the primary is well; or " if auto else "To put it right: "
        arm = "" if now.mode.armed else ", then `hotswap-tui arm`"
        return f"{itself}`hotswap-tui failback`{arm}"
    return "Look at `hotswap-tui status`" if now.mode.armed else "To put it right: `hotswap-tui arm`"
