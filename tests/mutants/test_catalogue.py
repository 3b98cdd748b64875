"""The seeded faults still fit the source, and every rule has one."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.run import ROOT, STAGES, apply


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.harm)
def test_a_mutant_applies_in_one_place_and_is_valid_python(mutant):
    source = (ROOT / "hotswap_tui" / mutant.file).read_text(encoding="utf-8")
    mutated = apply(mutant, source)
    assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(source))


def test_every_rule_is_covered():
    assert {mutant.rule for mutant in MUTANTS} == set(range(12))
    assert len(MUTANTS) >= 22


def test_a_place_that_is_not_unique_is_an_error():
    with pytest.raises(ValueError, match="2 places instead of one"):
        apply(MUTANTS[0], MUTANTS[0].old * 2)


def test_the_stages_name_tests_that_exist():
    paths = {word.partition("::")[0] for stage in STAGES for word in stage if word.startswith("tests/")}
    assert all((ROOT / path).exists() for path in paths)
