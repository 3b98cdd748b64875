"""From links and measurements to what a person is told of each way: how far behind, and why nothing comes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from hotswap_tui.core.amount_words import count
from hotswap_tui.core.sync import SHOWN, Flow
from hotswap_tui.core.text import clean
from hotswap_tui.sync.look.relation import Method
from hotswap_tui.sync.look.rows import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap_tui.sync.look.facts import Facts, TableName
    from hotswap_tui.sync.look.measuring import Measured
    from hotswap_tui.sync.look.relation import Link

_NAME_LIMIT: Final = 63
_LOST: Final = "lost"
_SEGMENT: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a link, as they were seen last, and whether they answered now."""

    source: Facts
    target: Facts
    source_answered: bool
    target_answered: bool
    target_before: Facts | None = None
    """The look before, to tell new errors from old ones."""


def flow(
    link: Link, ends: Ends, measured: Measured | None, missing: Sequence[TableName] | None, before: Flow | None
) -> Flow:
    """Return the flow of `link`; what was not looked at now stays as `before` had it, with its own moment."""
    trouble = _trouble(link, ends)
    told = Flow(link.source, clean(link.name, _NAME_LIMIT), streaming=not trouble, error=trouble)
    if before is not None and before.name == told.name:
        told = replace(before, streaming=told.streaming, error=trouble)
    if missing is not None:
        told = replace(told, missing=len(missing), missing_tables=tuple(map(shown, missing[:SHOWN])))
    told = _with_subscription(told, link)
    if measured is not None:
        told = replace(told, lag_s=measured.lag_s, lag_bytes=measured.lag_bytes, measured_s=measured.measured_s)
    # What has not been copied once is behind by more than anybody can tell.
    return replace(told, lag_s=None) if told.not_ready else told


def _with_subscription(told: Flow, link: Link) -> Flow:
    own = link.subscription
    if own is None:
        return told
    not_ready = sorted((schema, name) for schema, name, ready in own.tables if not ready)
    return replace(
        told,
        two_way=own.two_way,
        errors=own.errors,
        not_ready=len(not_ready),
        not_ready_tables=tuple(map(shown, not_ready[:SHOWN])),
    )


def _trouble(link: Link, ends: Ends) -> str:
    """Return why nothing flows, in one line; empty while it does."""
    if not ends.source_answered and not ends.target_answered:
        return f"neither database has answered; {link.source} → {link.target} as it was seen last"
    if link.method is Method.LOGICAL:
        return _logical_trouble(link, ends)
    if link.method is Method.PHYSICAL:
        return _physical_trouble(ends)
    return ""


def _logical_trouble(link: Link, ends: Ends) -> str:
    own, slot, name = link.subscription, ends.source.slot(link.slot), clean(link.name, _NAME_LIMIT)
    if own is None or not own.enabled:
        return f"the subscription {name} on the {link.target} is disabled"
    if slot is None or slot.status == _LOST:
        gone = "is lost" if slot is not None else f"is not on the {link.source} any more"
        return f"the slot {clean(link.slot, _NAME_LIMIT)} {gone}: the subscription has to be set up anew"
    if _is_foreign(own.ended, ends):
        return f"the subscription {name} is further than the {link.source}, which was restored, or is not its source"
    # One whose source is gone fails, too, and that is no conflict.
    fails = ends.source_answered and _fails(link, ends)
    stopped = (ends.target_answered and not own.working) or (ends.source_answered and not slot.active)
    what = "fails again and again" if fails else f"is not connected to the {link.source}"
    so_far = f", {count(own.errors, 'failure')} so far: the {link.target}'s log says why"
    told = f"the subscription {name} {what}{so_far if own.errors and ends.source_answered else ''}"
    return told if fails or stopped else ""


def _is_foreign(ended: int | None, ends: Ends) -> bool:
    """Say whether the target has seen more than there is; both were asked at about the same time, so a segment does not count."""
    both = ends.source_answered and ends.target_answered
    return both and ended is not None and ends.source.position is not None and ended > ends.source.position + _SEGMENT


def _fails(link: Link, ends: Ends) -> bool:
    """Say whether errors were counted since the look before: a worker that fails is started again and seen alive at times."""
    own = link.subscription
    former = (
        next((each for each in ends.target_before.subscriptions if each.name == link.name), None)
        if (ends.target_before is not None)
        else None
    )
    return own is not None and former is not None and own.errors > former.errors


def _physical_trouble(ends: Ends) -> str:
    if ends.target.paused:
        return "replay is paused on the standby"
    if ends.target_answered and not ends.target.receiving:
        return "the standby is not connected to its source"
    if ends.source_answered and not ends.source.sending:
        return "the source has no standby connected"
    return ""
