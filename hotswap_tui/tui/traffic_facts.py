"""Everything known about traffic and the gateway that carries it, as labelled lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap_tui.core.switch_words import STOPPED, cut_off, steps, way, who_waited
from hotswap_tui.core.time_words import age, duration
from hotswap_tui.core.traffic_words import LONG_WAIT_S, agrees, mark, paused_by_others, total, unproven
from hotswap_tui.tui.cells import Row, Tone
from hotswap_tui.tui.detail_rows import labelled, listed
from hotswap_tui.tui.traffic_table import version_words

if TYPE_CHECKING:
    from hotswap_tui.core.snapshot import Snapshot, SwitchOutcome
    from hotswap_tui.core.traffic import Traffic
    from hotswap_tui.tui.view import View

WHO_ANSWERS = "SELECT inet_server_addr(), inet_server_port(), pg_postmaster_start_time(), pg_is_in_recovery()"
_RESULT_TONES = {"done": Tone.GOOD, "failed": Tone.BAD, "cancelled": Tone.WARNING, "unknown": Tone.BAD}


def traffic_facts(view: View, width: int) -> list[Row]:
    """Return where traffic goes, who waits and why, and how it was moved last; what is wrong comes first."""
    snapshot = view.snapshot
    rows = _doubt(snapshot, width) + _target(view, width)
    traffic = snapshot.router.traffic
    if traffic is not None:
        rows += _pools(traffic, width)
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
        rows = labelled("pgbouncer", f"cannot be read: {router.error}", width, Tone.BAD)
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


def _pools(traffic: Traffic, width: int) -> list[Row]:
    late = traffic.clients_waiting > 0 and traffic.max_wait_s >= LONG_WAIT_S
    wait = f"{total(traffic)} connected, {traffic.clients_waiting} wait, the longest {traffic.max_wait_s:.2f} s"
    rows = labelled("clients", wait, width, Tone.WARNING if late else Tone.PLAIN)
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
        text = "PAUSED by somebody else: clients wait until RESUME is said on PgBouncer's console"
        return labelled("hold", text, width, Tone.BAD)
    budget_s = snapshot.policy.hold_max_s
    words = f"at the first failed check, for at most {budget_s:g} s" if budget_s else "never (DB_HOLD_MAX is 0)"
    return labelled("hold", words, width)


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
    if last.waited.clients or last.result == "done":
        severed = f", {cut_off(last.severed, switch.source)}" if last.severed else ""
        rows += labelled("waited", who_waited(last.waited) + severed, width)
    return rows + (labelled("canary", last.proof, width, Tone.GOOD) if last.proof and not last.error else [])
