"""What Prometheus reads of the data: seconds, bytes, counts, and a sample only for what is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotswap_tui.api.sync_metrics import VERDICTS, sync_families
from hotswap_tui.core.sync import Relation, Safety
from hotswap_tui.core.values import Role
from tests.support.pictures import NOW_S, snapshot
from tests.support.sync_pictures import BACK, FORTH, IN_STEP, SLOT, sync_pictures, synced

PICTURES = sync_pictures()


def samples(picture):
    """Return the values by name and labels."""
    return {
        (sample.name.removeprefix("hotswap_"), *sample.labels.values()): sample.value
        for family in sync_families(picture)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "sync-in-step",
            {
                ("sync_relation", "logical"): 1,
                ("sync_relation", "unrelated"): 0,
                ("sync_age_seconds",): 12,
                ("replication_streaming", "primary"): 1,
                ("replication_lag_seconds", "primary"): 0.2,
                ("replication_lag_bytes", "primary"): 1240,
                ("replication_lag_age_seconds", "primary"): 12,
                ("schema_differences",): 0,
                ("sequences_behind",): 2,
                ("write_rows_per_second",): 200,
                ("rows_estimate", "primary"): 1_240_000,
                ("rows_estimate", "secondary"): 1_239_880,
                ("slot_retained_bytes", "primary"): 13_000_000,
                ("slots_lost", "primary"): 0,
                ("tables_not_replicated", "primary"): 0,
            },
        ),
        (
            "sync-slot-filling",
            {
                ("replication_streaming", "primary"): 0,
                ("replication_failures", "primary"): 14,
                ("replication_lag_age_seconds", "primary"): 312,
                ("slot_full_in_seconds", "primary"): 2520,
            },
        ),
        ("sync-slot-lost", {("slots_lost", "primary"): 1}),
        (
            "sync-schema-drift",
            {
                ("schema_differences",): 3,
                ("tables_not_replicated", "primary"): 2,
                ("tables_not_copied", "primary"): 1,
            },
        ),
        ("sync-diverged", {("dossier_verdict",): 2, ("secondary_rows_written",): 412}),
        ("sync-needs-sync", {("dossier_verdict",): 1, ("replication_lag_seconds", "secondary"): 0.3}),
        ("sync-safe", {("dossier_verdict",): 0, ("secondary_rows_written",): 0}),
    ],
)
def test_a_pair_in_numbers(name, expected):
    found = samples(PICTURES[name])
    assert {key: found.get(key) for key in expected} == pytest.approx(expected)


def test_what_is_not_known_has_no_sample():
    """A zero would be a claim; the families are there all the same."""
    assert samples(snapshot()) == {
        ("sync_relation", relation.value): float(relation is Relation.UNKNOWN) for relation in Relation
    }
    assert {family.name for family in sync_families(snapshot())} == {
        family.name for family in sync_families(PICTURES["sync-diverged"])
    }


def test_many_slots_are_one_number_for_each_database():
    """Whoever may create slots does not choose how many series there are."""
    slots = (SLOT, replace(SLOT, name="other", retained_bytes=99, full_in_s=60.0), replace(SLOT, lost=True))
    found = samples(synced(replace(IN_STEP, slots=(*slots, replace(SLOT, role=Role.SECONDARY, retained_bytes=7)))))
    assert found["slot_retained_bytes", "primary"] == 13_000_000
    assert found["slot_full_in_seconds", "primary"] == 60
    assert found["slots_lost", "primary"] == 1
    assert found["slot_retained_bytes", "secondary"] == 7


def test_two_subscriptions_in_one_direction_are_one_sample():
    """Prometheus refuses a page on which a series stands twice."""
    twice = replace(IN_STEP, flows=(FORTH, replace(FORTH, name="another", lag_s=9.0), BACK))
    values = [
        tuple(sample.labels.values())
        for family in sync_families(synced(twice))
        for sample in family.samples
        if sample.name == "hotswap_replication_lag_seconds"
    ]
    assert values == [("primary",), ("secondary",)]


def test_the_age_of_a_future_figure_is_zero():
    ahead = replace(IN_STEP, read_s=NOW_S + 1, flows=(replace(FORTH, measured_s=NOW_S + 1),))
    found = samples(synced(ahead))
    assert (found["sync_age_seconds",], found["replication_lag_age_seconds", "primary"]) == (0, 0)


def test_the_numbers_of_verdicts_are_promised():
    assert [VERDICTS[verdict] for verdict in Safety] == [0, 1, 2]
