"""Show that the tests bite: each seeded fault, in a copy of the package, is caught by some test.

`python -m tests.mutants [WORD...]` tries every mutant, or those whose file, rule (`rule 7`) or harm contain a word; it
ends with 1 when one survives. The unmutated copy must pass first.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.mutants.catalogue import MUTANTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
SIMULATION_SHARDS = 104
SIMULATED_HOURS = 100 * SIMULATION_SHARDS
"""Only the first few of the shards are run."""
SIMULATION = "tests/simulation/test_simulation.py::test_promises_hold_in_any_trouble"
LIMIT_S = 90.0
"""A mutant that makes the tests hang is noticed, too."""
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-n0", "--tb=no", "-p", "no:cacheprovider")
STAGES: tuple[tuple[str, ...], ...] = (
    (
        *("tests/core/test_machine_failover.py", "tests/core/test_machine_suspicion.py"),
        *("tests/core/test_machine_failback.py", "tests/core/test_machine_requests.py"),
        *("tests/core/test_machine_switching.py", "tests/core/test_decide.py", "tests/core/test_schedule.py"),
        *("tests/core/test_machine_drill.py", "tests/core/test_machine_planned_drill.py"),
        *(
            "tests/core/test_machine_observing.py",
            "tests/core/test_guards.py",
            "tests/core/test_holding.py",
            "tests/core/test_plan.py",
        ),
        *("tests/core/test_signs.py", "tests/core/test_traffic.py"),
        *("tests/core/test_policy.py", "tests/core/test_table.py"),
        *("tests/engine/test_restart.py", "tests/engine/test_keeper.py", "tests/engine/test_engine.py"),
        "tests/engine/test_syncing.py",
    ),
    ("tests/core/test_machine_stateful.py",),
    # A loop that a caught fault leaves open is not the simulation's failure.
    (*(f"{SIMULATION}[{n}]" for n in range(4)), "-W", "ignore::ResourceWarning"),
)
"""Cheapest first: tables, stories, simulation."""


class Verdict(NamedTuple):
    """What caught a mutant; empty when nothing did."""

    by: str
    took_s: float


def main(words: Sequence[str]) -> int:
    """Try the chosen mutants; return the exit status."""
    chosen = [m for m in MUTANTS if not words or any(word in f"rule {m.rule} {m.file} {m.harm}" for word in words)]
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hotswap-mutants-") as name:
        copy = Path(name)
        _copy(copy)
        sound = judge(copy)
        if sound.by:
            print(f"the unmutated tests fail: {sound.by}")
            return 1
        print(f"unmutated: green after {sound.took_s:.1f}s", flush=True)
        survivors = [mutant for mutant in chosen if not _caught(copy, mutant)]
    caught = len(chosen) - len(survivors)
    print(f"{caught} of {len(chosen)} mutants caught in {time.monotonic() - began_s:.0f}s")
    return 1 if survivors else 0


def _caught(copy: Path, mutant: Mutant) -> bool:
    path = copy / "hotswap_tui" / mutant.file
    sound = path.read_text(encoding="utf-8")
    path.write_text(apply(mutant, sound), encoding="utf-8")
    try:
        verdict = judge(copy)
    finally:
        path.write_text(sound, encoding="utf-8")
    outcome = f"caught by {verdict.by}" if verdict.by else "SURVIVED"
    print(f"rule {mutant.rule:2} {mutant.file}: {mutant.harm}: {outcome} ({verdict.took_s:.1f}s)", flush=True)
    return bool(verdict.by)


def apply(mutant: Mutant, source: str) -> str:
    """Return `source` with the fault in it; raise ValueError unless the place is found exactly once."""
    found = source.count(mutant.old)
    if found != 1:
        raise ValueError(f"{mutant.file}: {found} places instead of one for: {mutant.old}")
    return source.replace(mutant.old, mutant.new)


def judge(copy: Path) -> Verdict:
    """Run the tests over the package in `copy`, stage by stage, until one fails."""
    began_s = time.monotonic()
    for stage in STAGES:
        failed = _run(copy, stage)
        if failed:
            return Verdict(failed, time.monotonic() - began_s)
    return Verdict("", time.monotonic() - began_s)


def _run(copy: Path, stage: Sequence[str]) -> str:
    environment = os.environ | {
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOTSWAP_SIMULATED_HOURS": str(SIMULATED_HOURS),
        "HOTSWAP_SIMULATION_SHARDS": str(SIMULATION_SHARDS),
        "HOTSWAP_STORIES": "unshrunk",
    }
    try:
        done = subprocess.run(
            [*PYTEST, *stage], cwd=copy, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{stage[0]}, which did not end within {LIMIT_S:.0f}s"
    if done.returncode == 0:
        return ""
    named = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return named[1] if named else done.stdout[-300:] + done.stderr[-300:]


def _copy(to: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "hotswap_tui", to / "hotswap_tui", ignore=ignore)
    shutil.copytree(ROOT / "tests", to / "tests", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", to)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
