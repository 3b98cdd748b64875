"""Seeded faults in what the data has to say: limits, guards, marks."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

DATA = (
    Mutant(
        1, "core/decide.py", "        or stale(turn)\n", "", "fails over to a secondary that lacks more than DB_MAX_LAG"
    ),
    Mutant(
        1,
        "core/guards.py",
        "    if lacks_s is None:\n",
        "    if False:\n",
        "takes a lag that nobody knows for none",
    ),
    Mutant(
        1,
        "core/sync.py",
        "    return flow.lag_s + max(0.0, alive_s - flow.measured_s)\n",
        "    return flow.lag_s\n",
        "forgets how old the measured lag is",
    ),
    Mutant(
        1,
        "core/guards.py",
        "turn.active.last_pass_s or turn.now_s",
        "turn.now_s",
        "counts the time that a failure took to be confirmed as lag",
    ),
    Mutant(
        1,
        "core/guards.py",
        " or turn.model.standby is not Role.SECONDARY:\n",
        ":\n",
        "keeps an application without any database for the sake of DB_MAX_LAG",
    ),
    Mutant(3, "core/decide.py", "return failback_guard(turn) or ", "return ", "fails back past DB_FAILBACK_GUARD"),
    Mutant(
        3,
        "core/guards.py",
        "dossier.verdict is not Safety.DIVERGED:\n",
        "dossier.verdict is Safety.DIVERGED:\n",
        "with DB_FAILBACK_GUARD=block fails back although the secondary has diverged",
    ),
    Mutant(
        3,
        "core/guards.py",
        "    if guarded and dossier is None:\n",
        "    if False:\n",
        "with DB_FAILBACK_GUARD=block fails back although nothing is known",
    ),
    Mutant(
        3,
        "core/guards.py",
        "    prove_safe = automatic and ",
        "    prove_safe = False and ",
        "relies on what was true when it looked last",
    ),
    Mutant(
        3,
        "core/guards.py",
        "    if waiting := _way_back(turn):\n        return waiting\n",
        "",
        "fails back before replication has brought anything back",
    ),
    Mutant(
        9,
        "core/switching.py",
        "mark=end.mark if switch.target is Role.SECONDARY else None",
        "mark=turn.model.mark or end.mark",
        "takes the mark of an earlier stay",
    ),
    Mutant(
        9,
        "engine/restart.py",
        "    if unfinished is None and memory.pair == pair and model.active is memory.active is Role.SECONDARY:\n",
        "    if True:\n",
        "keeps a mark although somebody else has moved traffic meanwhile",
    ),
)
