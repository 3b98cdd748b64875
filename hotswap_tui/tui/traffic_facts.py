"""Everything known about traffic and the gateway that carries it, as labelled lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hotswap_tui.core.plan import PoolMode
from hotswap_tui.core.policy import confirmation_s
from hotswap_tui.core.switch_words import STOPPED, cost, steps, way
from hotswap_tui.core.time_words import age, duration
from hotswap_tui.core.traffic_words import (
    LONG_WAIT_S,
    RELEASE_COMMAND,
    agrees,
    cut_from_clients,
    mark,
    paused_by_others,
    total,
    unanswered,
    unproven,
    wait_words,
)
from hotswap_tui.tui.cells import Row, Tone
from hotswap_tui.tui.detail_rows import labelled, listed
from hotswap_tui.tui.traffic_table import version_words

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot, SwitchOutcome
    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.tui.view import View

WHO_ANSWERS = "SELECT inet_server_addr(), inet_server_port(), pg_postmaster_start_time(), pg_is_in_recovery()"
_ADDRESS = re.compile(r"\S+:\d+(?=,)")
_RESULT_TONES = {"done": Tone.GOOD, "failed": Tone.BAD, "cancelled": Tone.WARNING, "unknown": Tone.BAD}


def traffic_facts(view: View, width: int) -> list[Row]:
    """Return where traffic goes, who waits and why, and how it was moved last; what is wrong comes first."""
    snapshot = view.snapshot
    rows = _doubt(snapshot, width) + _target(view, width)
    traffic = snapshot.router.traffic
    if traffic is not None:
        rows += _pools(snapshot, traffic, width)
    rows += _hold(view, width)
    if snapshot.switch is not None and snapshot.switch.plan is not None:
        rows += labelled("switching", way(snapshot.switch), width, Tone.WARNING)
        rows += listed("steps", steps(snapshot.switch, ahead=True), width)
        rows += labelled("waits for", snapshot.switch.detail, width) if snapshot.switch.detail else []
    if snapshot.last_switch is not None:
        rows += _last(view, snapshot.last_switch, width)
    return rows


def _doubt(snapshot: Snapshot, width: int) -> list[Row]:
    if not unproven(snapshot):
        return []
    text = f"pgbouncer points to the {snapshot.active}, but no query through it has shown who answers. "
    text += f"Look at your application's errors, and ask through its own DATABASE_URL: {WHO_ANSWERS}"
    return labelled("NOT PROVEN", text, width, Tone.BAD)


def _target(view: View, width: int) -> list[Row]:
    snapshot, router = view.snapshot, view.snapshot.router
    if router.error:
        cut = "applications cannot connect: " if cut_from_clients(router) else "cannot be read: "
        rows = labelled("pgbouncer", f"{cut}{router.error}", width, Tone.BAD)
        return rows + (labelled("gateway", version_words(snapshot), width) if router.version else [])
    named = f" ({router.points_to})" if router.points_to is not None else " (neither of the two databases)"
    if agrees(snapshot):
        rows = labelled("points to", f"{router.address} {mark(snapshot)}{named}{_seen(view)}", width, Tone.STRONG)
    else:
        wrong = f"{router.address or 'nowhere'} ✗{named}, but the {snapshot.active} is the active database{_seen(view)}"
        rows = labelled("points to", wrong, width, Tone.BAD)
    return rows + labelled("gateway", version_words(snapshot), width)


def _seen(view: View) -> str:
    traffic = view.snapshot.router.traffic
    return "" if traffic is None else f", read back {age(view.now_s - traffic.at_s)} ago"


def _pools(snapshot: Snapshot, traffic: Traffic, width: int) -> list[Row]:
    many, late = unanswered(snapshot), traffic.clients_waiting > 0 and traffic.max_wait_s >= LONG_WAIT_S
    parts = [f"{total(traffic)} connected", wait_words(snapshot) or "not counted anew yet who waits"]
    if many == traffic.clients_waiting:
        parts.append(f"the longest {traffic.max_wait_s:.2f} s")
    elif many is not None and traffic.clients_waiting:
        parts.append(f"{traffic.clients_waiting} of them in pgbouncer's queue, the longest {traffic.max_wait_s:.2f} s")
    stuck = many is not None and many > traffic.clients_waiting
    rows = labelled("clients", ", ".join(parts), width, Tone.WARNING if late or stuck else Tone.PLAIN)
    rows += labelled("servers", f"{traffic.servers_active} busy, {traffic.servers_idle} idle", width)
    load = "-" if traffic.queries_per_s is None else f"{traffic.queries_per_s:.1f} queries/s"
    mean = "" if traffic.mean_query_ms is None else f", {traffic.mean_query_ms:.2f} ms mean"
    return rows + labelled("load", load + mean, width)


def _hold(view: View, width: int) -> list[Row]:
    snapshot, held = view.snapshot, view.snapshot.hold
    if held is not None:
        text = f"clients held for {age(view.now_s - held.since_s)}, released after {held.until_s - held.since_s:g} s at most"
        return labelled("hold", text, width, Tone.WARNING)
    if paused_by_others(snapshot):
        text = f"PAUSED by somebody else: clients wait until {RELEASE_COMMAND} --dir DIR (the gateway's directory), or RESUME"
        text += " on PgBouncer's console"
        return labelled("hold", text, width, Tone.BAD)
    return labelled("hold", _hold_words(snapshot), width)


def _hold_words(snapshot: Snapshot) -> str:
    """Return when clients would be held, or what keeps them from that, which the machine looks at likewise."""
    router, policy = snapshot.router, snapshot.policy
    needed_s, budget_s = confirmation_s(policy), policy.hold_max_s
    hindrances = (
        (router.pool_mode is None, "not known before pgbouncer's pool mode is"),
        (router.pool_mode is not PoolMode.TRANSACTION, f"never: {router.pool_mode} mode"),
        (not budget_s, "never: DB_HOLD_MAX is 0"),
        (not needed_s, "never: the first failed check confirms the failure (DB_FAILURE_THRESHOLD is 1)"),
        (needed_s > budget_s, f"never: confirming takes up to {needed_s:g}s, DB_HOLD_MAX is {budget_s:g}s"),
        (bool(router.error), "not now: pgbouncer cannot be read"),
        (snapshot.disagrees, "not now: pgbouncer points elsewhere"),
        (not snapshot.mode.armed, "not now: automatic switching is off"),
    )
    free = f"at the first failed check, for at most {budget_s:g} s"
    return next((words for hinders, words in hindrances if hinders), free)


def _last(view: View, last: SwitchOutcome, width: int) -> list[Row]:
    switch = last.switch
    ago = f"{duration(view.now_s - last.finished_s)} ago"
    words = f"{switch.kind} {way(switch)}: {last.result} in {last.took_s:.2f} s, {ago}"
    rows = labelled("last switch", words, width, _RESULT_TONES.get(last.result, Tone.PLAIN))
    rows += labelled("why", switch.why, width)
    if last.error:
        rows += labelled("error", last.error, width, Tone.BAD)
    if told := steps(switch, present=STOPPED):
        rows += listed("steps", told, width)
    if last.waited.clients or last.severed or last.result == "done":
        counted = " (waits measured at the release)" if last.waited.clients else ""
        rows += labelled("cost", ", ".join(cost(last)) + counted, width)
    return rows + (_canary(view.snapshot, last, width) if last.proof and not last.error else [])


def _canary(snapshot: Snapshot, last: SwitchOutcome, width: int) -> list[Row]:
    """Return who answered; where that server calls itself by another address than PgBouncer's target, say so."""
    rows = labelled("canary", last.proof, width, Tone.GOOD)
    said, reached = _ADDRESS.match(last.proof), snapshot.router.address
    if said is None or last.switch.target is not snapshot.router.points_to or said[0] == reached:
        return rows
    return rows + labelled("", f"that is the server's own address; pgbouncer reaches it as {reached}", width, Tone.DIM)
