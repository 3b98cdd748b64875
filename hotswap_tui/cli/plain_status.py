"""The facts on one plain screen, without colours and without keys: what `hotswap-tui status` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotswap_tui.cli import exit_codes
from hotswap_tui.cli.plain_text import fit, right, width_of, wrap
from hotswap_tui.core.health_words import state_words
from hotswap_tui.core.outcome_words import outcome_words
from hotswap_tui.core.sentence import verdict
from hotswap_tui.core.sentence_parts import MAY, SEPARATOR
from hotswap_tui.core.switch_words import steps, way
from hotswap_tui.core.sync_facts import summary, verdict_fact
from hotswap_tui.core.text import clean
from hotswap_tui.core.time_words import age, clock_time, coming
from hotswap_tui.core.traffic_words import cut_from_clients, gateway, paused_by_others, waiting
from hotswap_tui.core.values import HOT_SWAP_HINT, OBSERVING, Health, Level, Role, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from hotswap_tui.core.sentence_parts import Sentence
    from hotswap_tui.core.snapshot import DatabaseView, Snapshot, SwitchOutcome

WIDTH: Final = 80
LINES: Final = 24
_SENTENCE_LINES: Final = 3
_LABEL: Final = 13
_COMMAND: Final = 36
_MOMENT: Final = "%Y-%m-%d %H:%M:%S"
_HEADER: Final = f"  {'database':<10} {'address':<24} {'state':<10} {'last ms':>11} {'fails':>7} {'seen':>6}"


def exit_code(snapshot: Snapshot, now_s: float) -> int:
    """Return what `status` ends with: the class of the picture."""
    if not snapshot.serving:
        unknown = snapshot.state is State.STARTING and snapshot.primary.health is not Health.DEGRADED
        return exit_codes.UNKNOWN if unknown else exit_codes.NOT_SERVING
    if cut_from_clients(snapshot.router) or paused_by_others(snapshot):
        return exit_codes.NOT_SERVING
    well = verdict(snapshot, now_s).level is Level.GOOD and snapshot.active is Role.PRIMARY
    return exit_codes.OK if well else exit_codes.DEGRADED


def sentence(snapshot: Snapshot, now_s: float, zone: tzinfo | None = None) -> str:
    """Return the picture in one line without keys."""
    return clean(verdict(snapshot, now_s, zone).say().replace(SEPARATOR, "; "), 1000)


def status_lines(snapshot: Snapshot, now_s: float, zone: tzinfo | None = None, width: int = WIDTH) -> list[str]:
    """Return the picture at `now_s` (monotonic) in at most LINES lines; wall times in `zone`, local when None."""
    told = verdict(snapshot, now_s, zone)
    head = [*_sentence(told, snapshot, width), *_commands(told, snapshot), "", *_table(snapshot, now_s, width), ""]
    facts = list(_facts(snapshot, now_s, zone))
    for most in (3, 2, 1):
        lines = [*head, *(line for label, text in facts for line in _labelled(label, text, width, most))]
        if len(lines) <= LINES:
            break
    return [line.rstrip() for line in lines[:LINES]]


def _labelled(label: str, text: str, width: int, most: int) -> list[str]:
    broken = wrap(text, width - _LABEL, most)
    return [fit("" if index else label, _LABEL) + line for index, line in enumerate(broken)]


def _sentence(told: Sentence, snapshot: Snapshot, width: int) -> list[str]:
    """Return the sentence, broken between its parts; what the facts below say as well stands in the first line only."""
    said_below = {part.text for part in gateway(snapshot)}
    lines: list[str] = []
    for part in told.parts:
        if part.command:
            continue
        text = SEPARATOR.join(clean(piece, 1000) for piece in part.text.split(SEPARATOR))
        aside = part.rank == MAY or part.text in said_below
        if aside and len(lines) > 1:
            continue
        if lines and width_of(lines[-1]) + len(SEPARATOR) + width_of(text) <= width:
            lines[-1] += SEPARATOR + text
        elif not lines or not aside:
            lines += wrap(text, width, 2)
    return lines[:_SENTENCE_LINES]


def _commands(told: Sentence, snapshot: Snapshot) -> list[str]:
    commands = {
        "switch": f"switch --to {snapshot.active.other}",
        "failback": "failback",
        "arm": "disarm" if snapshot.mode.armed else "arm",
        "repair": "repair",
        "cancel": "cancel",
        "panel-traffic": "check",
        "panel-sync": "sync status",
    }
    parts = [part for part in told.parts if part.command in commands]
    return [f"  {f'hotswap-tui {commands[part.command]}':<{_COMMAND}} {part.text}" for part in parts]


# -- the databases --------------------------------------------------------------------------------------


def _table(snapshot: Snapshot, now_s: float, width: int) -> list[str]:
    lines = [_HEADER]
    for database in (snapshot.primary, snapshot.secondary):
        if database is not None:
            lines += [_row(snapshot, database, now_s), *_error(database, width)]
    if snapshot.secondary is None:
        lines.append(f"  {'secondary':<10} {HOT_SWAP_HINT}"[:width])
    return lines


def _row(snapshot: Snapshot, database: DatabaseView, now_s: float) -> str:
    policy, verdict_ = snapshot.policy, database.verdict
    serves = database.role is snapshot.active and snapshot.serving
    measured = "-" if verdict_ is None or verdict_.measured_ms is None else f"{verdict_.measured_ms:.1f}"
    never = "-" if verdict_ is None else "never"
    seen = never if database.last_pass_s is None else age(now_s - database.last_pass_s)
    cells = [
        fit(database.role.value, 10),
        fit(database.address, 24),
        fit(state_words(database), 10),
        right(measured, 11),
        right(f"{min(database.failures, policy.failure_threshold)}/{policy.failure_threshold}", 7),
        right(seen, 6),
    ]
    return ("▶ " if serves else "  ") + " ".join(cells)


def _error(database: DatabaseView, width: int) -> list[str]:
    """Return why the last check failed, in the words of the class and of the server."""
    told = database.verdict
    if told is None or told.fault is None:
        return []
    detail = f": {told.detail}" if told.detail and told.detail.casefold() != told.fault.words.casefold() else ""
    state = f" (SQLSTATE {told.sqlstate})" if told.sqlstate else ""
    return [" " * _LABEL + line for line in wrap(f"{told.fault.words}{detail}{state}", width - _LABEL, 2)]


# -- everything else ------------------------------------------------------------------------------------


def _facts(snapshot: Snapshot, now_s: float, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    yield "traffic", _traffic(snapshot, now_s)
    yield "automatic", _automatic(snapshot, now_s, zone)
    if snapshot.sync is not None:
        yield "sync", summary(snapshot.sync, snapshot.active, now_s)
        if snapshot.sync.dossier is not None:
            yield "dossier", verdict_fact(snapshot.sync.dossier).text
    if snapshot.drill is not None:
        what = "a planned switch there and back" if snapshot.drill.planned else "the primary's checks fail on purpose"
        yield "drill", f"{what}, over {coming(snapshot.drill.until_s - now_s)} at the latest"
    if snapshot.countdown is not None:
        yield "next", f"{snapshot.countdown.action} {coming(snapshot.countdown.at_s - now_s)}"
    if snapshot.blocked:
        until = f" ({coming(snapshot.blocked_until_s - now_s)})" if snapshot.blocked_until_s is not None else ""
        back = snapshot.active is Role.SECONDARY and snapshot.primary.health is Health.UP
        yield "no failback" if back else "no switch", f"{snapshot.blocked}{until}"
    if snapshot.switch is not None:
        by = f", asked by {snapshot.switch.by}" if snapshot.switch.by else ""
        yield "switching", f"{way(snapshot.switch)}{by}: {' '.join(steps(snapshot.switch, ahead=True))}"
    if snapshot.last_switch is not None:
        yield "last switch", _last(snapshot.last_switch, snapshot, now_s, zone)
    began = clock_time(snapshot.wall_s - snapshot.now_s + snapshot.started_s, zone, _MOMENT)
    yield "engine", f"pid {snapshot.pid}, since {began}, database {snapshot.name}"


def _traffic(snapshot: Snapshot, now_s: float) -> str:
    router = snapshot.router
    if router.error:
        return f"pgbouncer cannot be read: {router.error}"
    told = [part.text for part in (*gateway(snapshot), *waiting(snapshot, now_s))]
    if snapshot.disagrees:
        told.insert(1, f"but the {snapshot.active} is the active database")
    return ", ".join(told).replace(SEPARATOR, ", ")


def _automatic(snapshot: Snapshot, now_s: float, zone: tzinfo | None) -> str:
    mode, policy = snapshot.mode, snapshot.policy
    if snapshot.secondary is None:
        return "there is nothing to switch to"
    if policy.observe:
        return OBSERVING
    by = f" by {mode.by}" if mode.by else ""
    if mode.armed:
        manual = "" if policy.failback_auto else "; failback is manual"
        used = f"; {snapshot.switches_in_hour} of {policy.max_switches_per_hour} switches used within the hour"
        return f"on{by}{manual}{used if snapshot.switches_in_hour else ''}"
    since = clock_time(snapshot.wall_s - snapshot.now_s + mode.since_s, zone, _MOMENT)
    until = f"; on again {coming(mode.until_s - now_s)}" if mode.until_s is not None else ""
    return f"OFF since {since} ({age(now_s - mode.since_s)}){by}{f': {mode.why}' if mode.why else ''}{until}"


def _last(outcome: SwitchOutcome, snapshot: Snapshot, now_s: float, zone: tzinfo | None) -> str:
    switch = outcome.switch
    moment = clock_time(snapshot.wall_s - snapshot.now_s + switch.started_s, zone, _MOMENT)
    by = f" by {switch.by}" if switch.by else ""
    _, words, _ = outcome_words(outcome, snapshot)
    return f"{switch.kind}{by} {way(switch)} at {moment}, {age(now_s - switch.started_s)} ago: {words}"
