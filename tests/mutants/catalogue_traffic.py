"""Seeded faults in what decides about holds, plans, proofs and signs."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TRAFFIC = (
    Mutant(
        0,
        "core/holding.py",
        "may = model.mode.armed and ",
        "may = ",
        "clients are held although a person has switched automation off",
    ),
    Mutant(
        0,
        "core/holding.py",
        "    if needed_s > policy.hold_max_s:",
        "    if needed_s > 100 * policy.hold_max_s:",
        "clients are held although the confirmation cannot fit the budget",
    ),
    Mutant(
        0,
        "core/holding.py",
        "if held is not None and turn.now_s >= held.until_s:",
        "if held is not None and turn.now_s >= held.until_s + 100.0:",
        "clients wait longer than the budget",
    ),
    Mutant(
        0,
        "core/holding.py",
        " and reading.pool_mode is PoolMode.TRANSACTION",
        "",
        "sessions are held, which waits for every one of them to end",
    ),
    Mutant(
        0,
        "core/decide.py",
        "    turn.set(unavailable_since_s=turn.active.down_since_s)\n    release(turn)",
        "    turn.set(unavailable_since_s=turn.active.down_since_s)",
        "clients wait although nobody can serve them",
    ),
    Mutant(
        0,
        "core/observe.py",
        "    release(turn)\n    for role",
        "    for role",
        "clients wait after this computer has slept",
    ),
    Mutant(
        0,
        "core/requests.py",
        "    release(turn)\n",
        "    pass\n",
        "clients wait after a person has switched automation off",
    ),
    Mutant(
        0,
        "core/observe.py",
        "return turn.policy.failure_retry_interval_s - _EARLY_S if held else 0.0",
        "return 0.0",
        "looks in between count as failures: three in a second confirm a failure",
    ),
    Mutant(
        0,
        "core/schedule.py",
        "return at_s if at_s + took_s <= counted_due_s else counted_due_s",
        "return at_s",
        "a look in between that hangs delays the check that counts",
    ),
    Mutant(
        0,
        "core/switching.py",
        "if reading.proven or switch.canaries >= turn.policy.failure_threshold:",
        "if True:",
        "a switch is called done without a canary",
    ),
    Mutant(
        0,
        "core/switching.py",
        "fault = None if repair or verdict is None else verdict.fault",
        "fault = None",
        "a hung database is waited for as if it lived",
    ),
    Mutant(
        0,
        "core/reading.py",
        "        elif switch.unknown:\n",
        "        else:\n",
        "PgBouncer is read back in the middle of a switch",
    ),
    Mutant(
        0,
        "core/model.py",
        "read_router_at_s=now_s + policy.gateway_interval_s if",
        "read_router_at_s=now_s + policy.check_interval_s if",
        "the gateway is looked at only after a whole check interval",
    ),
    Mutant(
        0,
        "core/plan.py",
        "    if session:\n        return Plan(kind, _PLANNED, SESSION_DRAIN_S)\n",
        "",
        "a planned switch with session pooling waits for sessions that never end",
    ),
    Mutant(
        0,
        "core/plan.py",
        "_HASTY = (Step.HOLD, *_ARRIVE, Step.RELEASE, Step.SEVER, Step.CANARY)",
        "_HASTY = (Step.HOLD, *_ARRIVE, Step.RELEASE, Step.CANARY)",
        "clients stay on the database that was given up",
    ),
    Mutant(
        0,
        "core/signs.py",
        " and after.queries == before.queries",
        "",
        "every reading of a busy gateway calls for a check",
    ),
    Mutant(
        0,
        "core/traffic.py",
        "if self.in_recovery is not other.in_recovery:",
        "if self.in_recovery and not other.in_recovery and self.database != other.database:",
        "a physical standby passes for its primary",
    ),
    Mutant(
        0,
        "engine/mover.py",
        "        if before == self._switches:\n",
        "        if True:\n",
        "a reading from before a switch is taken for somebody else's change",
    ),
)
