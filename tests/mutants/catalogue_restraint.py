"""Seeded faults in what keeps automation from acting, and in what makes it act on purpose."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

RESTRAINT = (
    Mutant(
        6,
        "core/decide.py",
        "        or _switch_obstacle(turn, SwitchKind.FAILOVER)\n        or _observing(turn)\n",
        "        or _switch_obstacle(turn, SwitchKind.FAILOVER)\n",
        "an engine that only observes fails over",
    ),
    Mutant(
        6,
        "core/decide.py",
        "_switch_obstacle(turn, SwitchKind.FAILBACK) or _observing(turn)",
        "_switch_obstacle(turn, SwitchKind.FAILBACK)",
        "an engine that only observes fails back",
    ),
    Mutant(
        0,
        "core/holding.py",
        " and not policy.observe and policy.hold_max_s",
        " and policy.hold_max_s",
        "an engine that only observes holds clients",
    ),
    Mutant(
        6,
        "core/requests.py",
        "    if turn.policy.observe:\n",
        "    if False:\n",
        "a person moves traffic with an engine that only observes",
    ),
    Mutant(
        6,
        "core/drill.py",
        " or verdict.role is not Role.PRIMARY",
        "",
        "a drill fails the secondary as well",
    ),
    Mutant(
        6,
        "core/drill.py",
        "    if model.active is Role.SECONDARY and not drill.planned:\n",
        "    if False:\n",
        "a drill goes on after traffic has moved",
    ),
    Mutant(
        6,
        "core/drill.py",
        "    if drill is None or drill.planned or verdict",
        "    if drill is None or verdict",
        "a planned drill fails checks",
    ),
    Mutant(
        6,
        "core/drill.py",
        '        (not model.mode.armed, "automatic switching is off; arm first"),\n',
        "",
        "a drill begins although nothing would switch",
    ),
    Mutant(
        8,
        "core/drill.py",
        "    refuse_stale(turn, request.version)\n",
        "",
        "a drill begins on a situation that nobody has seen",
    ),
)
