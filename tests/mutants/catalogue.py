"""Seeded faults, one or more for each of the eleven rules: what the tests must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of the source that breaks `rule`. `old` occurs exactly once in `file`, a path under hotswap_tui/."""

    rule: int
    file: str
    old: str
    new: str
    harm: str


MUTANTS = (
    Mutant(
        1,
        "core/decide.py",
        "if turn.active.failures < turn.policy.failure_threshold or rescue_obstacle(turn):",
        "if turn.active.failures < turn.policy.failure_threshold - 1 or rescue_obstacle(turn):",
        "fails over one check too early",
    ),
    Mutant(
        1,
        "core/decide.py",
        'return Obstacle("disarmed", f"automatic switching is off ({model.mode.by or \'disarmed\'})")',
        "pass",
        "fails over although a person has switched automation off",
    ),
    Mutant(
        1,
        "core/decide.py",
        "since_s, target = turn.model.suspicion_since_s, turn.model.standby",
        "since_s, target = None, turn.model.standby",
        "believes a pass from before the trouble",
    ),
    Mutant(
        1,
        "core/decide.py",
        "if turn.active.verdict is not None and turn.active.verdict.fault is Fault.READ_ONLY:",
        "if turn.active.verdict is None:",
        "moves from one read-only database to another",
    ),
    Mutant(
        1,
        "core/model.py",
        "            self.passed\n            and self.last_pass_start_s is not None",
        "            self.last_pass_start_s is not None",
        "moves to a database whose last check failed",
    ),
    Mutant(
        1,
        "core/decide.py",
        "if not turn.policy.allow_read_only:",
        "if turn.policy.allow_read_only is None:",
        "moves to a read-only database against DB_ALLOW_READ_ONLY=0",
    ),
    Mutant(
        2,
        "core/observe.py",
        "failures = 0 if passed else record.failures + counted",
        "failures = record.failures + 1 if counted else 0",
        "a class that does not count resets the streak",
    ),
    Mutant(
        2,
        "core/observe.py",
        "fresh_until_pass=not passed and (record.fresh_until_pass or verdict.fresh),",
        "fresh_until_pass=not passed and verdict.fresh,",
        "an old session hides a hung postmaster again",
    ),
    Mutant(
        2,
        "core/schedule.py",
        "_CHECK_FAST = frozenset({State.STARTING, State.SUSPECT, State.UNAVAILABLE})",
        "_CHECK_FAST = frozenset({State.STARTING, State.UNAVAILABLE})",
        "a suspicion takes three whole check intervals to confirm",
    ),
    Mutant(
        2,
        "core/observe.py",
        "turn.probe(event.role, fresh=True)",
        "turn.probe(event.role)",
        "looks into a lost connection on an old one",
    ),
    Mutant(
        2,
        "core/decide.py",
        "    turn.probe(turn.model.standby)\n    return Trigger.SUSPECTED",
        "    return Trigger.SUSPECTED",
        "does not wake the sleeping cloud database while the suspicion is confirmed",
    ),
    Mutant(
        3,
        "core/decide.py",
        "if turn.standby.passes < turn.policy.recovery_threshold:",
        "if not turn.standby.passed:",
        "fails back after a single pass",
    ),
    Mutant(
        3,
        "core/decide.py",
        "if not isinstance(event, Checked) or event.verdict.role is not Role.PRIMARY:",
        "if not isinstance(event, Checked):",
        "fails back on old news of the primary",
    ),
    Mutant(
        3,
        "core/schedule.py",
        "if 0 < model.primary.passes < policy.recovery_threshold:",
        "if 0 < model.primary.passes:",
        "keeps hammering a primary that automation may not return to",
    ),
    Mutant(
        4,
        "core/decide.py",
        "return _unproven(turn) or _useless(turn) or _switch_obstacle(turn, SwitchKind.FAILOVER)",
        "return _unproven(turn) or (failback_obstacle(turn) if model.standby is Role.PRIMARY else _useless(turn))",
        "DB_FAILBACK=manual or the wait before a failback keeps an application on a dead secondary",
    ),
    Mutant(
        5,
        "core/decide.py",
        "return _rescue(turn) if turn.active.checked_since(turn.model.takeover_after_s) else None",
        "return _rescue(turn)",
        "takes over without one more recheck of the one that served last",
    ),
    Mutant(
        5,
        "core/switching.py",
        """        turn.set(suspicion_since_s=None, unavailable_since_s=None, takeover_after_s=None)
        turn.fire(serves(turn.model.active))""",
        "        turn.fire(serves(turn.model.active))",
        "an old trouble's recheck counts in the next one",
    ),
    Mutant(
        6,
        "core/switching.py",
        "        return Mode(armed=False, by=switch.by, since_s=turn.now_s, why=why)\n    if switch.kind",
        "        return mode\n    if switch.kind",
        "automation undoes a person's switch",
    ),
    Mutant(
        6,
        "core/switching.py",
        "if switch.kind is SwitchKind.REPAIR and mode.by != AUTOMATION:",
        "if switch.kind is SwitchKind.REPAIR and not mode.by:",
        "a repair undoes a person's switch",
    ),
    Mutant(
        6,
        "core/requests.py",
        "if not record.passed and not force:",
        "if record.failures and not force:",
        "switches to a database that refuses our password, without force",
    ),
    Mutant(
        6,
        "core/switching.py",
        "    if switch.by and before is not None:",
        "    if before is not None and False:",
        "failing back by hand leaves automation off",
    ),
    Mutant(
        7,
        "core/policy.py",
        "reserve = 0 if rescue else 1",
        "reserve = 0",
        "failbacks use up the slot of the rescue",
    ),
    Mutant(
        7,
        "core/policy.py",
        "return used + reserve < policy.max_switches_per_hour",
        "return used + reserve <= policy.max_switches_per_hour",
        "one switch more than the hour allows",
    ),
    Mutant(
        7,
        "core/policy.py",
        "policy.primary_retry_interval_s * 2**doublings",
        "policy.primary_retry_interval_s * 2 * doublings",
        "the wait does not double",
    ),
    Mutant(
        7,
        "core/switching.py",
        "    if not switch.automatic:\n        return\n    turn.set(automatic_s=(*turn.model.automatic_s[:-1], turn.now_s))",
        "    turn.set(automatic_s=(*turn.model.automatic_s[:-1], turn.now_s))",
        "a person's switches are counted against the budget",
    ),
    Mutant(
        7,
        "core/switching.py",
        "    turn.set(automatic_s=(*turn.model.automatic_s[:-1], turn.now_s))",
        "",
        "a slow switch is dated too early, and an hour holds one too many",
    ),
    Mutant(
        8,
        "core/requests.py",
        "if version != turn.model.version:",
        "if version > turn.model.version:",
        "carries out a request that was made on an older picture",
    ),
    Mutant(
        8,
        "core/turn.py",
        "        health(model.secondary, policy),",
        "",
        "a person switches to a secondary that has failed since they looked",
    ),
    Mutant(
        9,
        "core/model.py",
        "remembered = reading.points_to or active",
        "remembered = active",
        "believes the memory although the router points elsewhere",
    ),
    Mutant(
        9,
        "engine/restart.py",
        'mode = Mode(armed=False, by=switch.by, since_s=now_s, why=f"switched to {switch.target} by hand")',
        "mode = mode",
        "a power cut during a person's switch lets automation undo it",
    ),
    Mutant(
        9,
        "engine/restart.py",
        "automatic_s=tuple(back(t) for t in memory.automatic_wall_s),",
        "",
        "a restart empties the budget's books",
    ),
    Mutant(
        9,
        "engine/keeper.py",
        "await asyncio.wait(self._writes, timeout=DURABLE_WITHIN_S)",
        "await asyncio.wait(self._writes)",
        "a disk that hangs blocks a switch",
    ),
    Mutant(
        9,
        "engine/engine.py",
        "            await self._keeper.settled()\n            reading",
        "            reading",
        "traffic moves before the intent is on the disk",
    ),
    Mutant(
        10,
        "core/observe.py",
        "if verdict.started_s < turn.model.discard_before_s:",
        "if verdict.finished_s < turn.model.discard_before_s:",
        "a check that slept with the computer counts as a failure",
    ),
    Mutant(
        10,
        "core/observe.py",
        "turn.set_record(role, Record(facts=record.facts, last_pass_s=record.last_pass_s))",
        "",
        "failures from before the sleep add up with those after it",
    ),
    Mutant(
        10,
        "engine/engine.py",
        "if slept_s >= SLEEP_NOTICED_S:",
        "if slept_s > 0:",
        "the jitter of two clocks is taken for a sleep, and failures are forgotten",
    ),
    Mutant(
        11,
        "core/switching.py",
        "kept = model.automatic_s[:-1] if retry else model.automatic_s",
        "kept = model.automatic_s",
        "each attempt of the same switch takes a slot of its own",
    ),
    Mutant(
        11,
        "core/switching.py",
        "replace(_in_flight(turn, event.switch_id), unknown=True, cancellable=False)",
        "replace(_in_flight(turn, event.switch_id), cancellable=False)",
        "an unknown outcome is never settled",
    ),
    Mutant(
        11,
        "core/switching.py",
        "    if disagrees and not model.disagrees:\n        if model.mode.armed:",
        "    if disagrees and not model.disagrees:\n        if model.mode.armed and model.mode.by:",
        "automation goes on although somebody else moves traffic",
    ),
    Mutant(
        11,
        "core/switching.py",
        "cancellable=switch.cancellable and not event.committed",
        "cancellable=not event.committed",
        "a switch past its point of no return can be cancelled",
    ),
    Mutant(
        11,
        "core/decide.py",
        '        return Obstacle("busy", f"a {turn.model.switch.kind} is in progress")',
        "        pass",
        "two switches are in flight at once",
    ),
    Mutant(
        11,
        "core/observe.py",
        "turn.now_s >= mode.until_s and turn.model.disagrees:",
        "turn.now_s >= mode.until_s and turn.model.disagrees and mode.armed:",
        "a limited disarming that ends arms automation over a router that somebody else has re-pointed",
    ),
)
