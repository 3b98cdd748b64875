"""`sync` in the status document: everything of a reading, in the form that OpenAPI describes, and nothing that harms."""

from __future__ import annotations

import json
import time
from dataclasses import fields

import pytest

from hotswap_tui.api.documents import status_document
from hotswap_tui.api.openapi import openapi_document
from hotswap_tui.core.plan import Step
from hotswap_tui.core.sync import (
    Dossier,
    Flow,
    Relation,
    Safety,
    SchemaDrift,
    SequenceDrift,
    Slot,
    SyncReading,
    Written,
)
from tests.support.openapi_schemas import check_component
from tests.support.pictures import snapshot
from tests.support.sync_pictures import hostile_sync, sync_pictures

PICTURES = sync_pictures()
RENAMED = {"source": "from", "read": "compared", "since_wall": "since", "role": "database"}
"""Where a field stands that has another name than itself without its unit of a moment."""


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def told(name):
    document = status_document(PICTURES[name])
    check_component(document, "Status")
    return document["sync"]


def test_nothing_is_known_is_null():
    assert status_document(snapshot())["sync"] is None


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (SyncReading, lambda sync: sync),
        (Flow, lambda sync: sync["flows"][0]),
        (Slot, lambda sync: sync["slots"][0]),
        (SchemaDrift, lambda sync: sync["schema"]),
        (SequenceDrift, lambda sync: sync["sequences"][0]),
        (Dossier, lambda sync: sync["dossier"]),
        (Written, lambda sync: sync["dossier"]["written"][0]),
    ],
)
def test_no_field_is_left_out(kind, place):
    """What the engine measures, a program can read."""
    document = place(status_document(hostile_sync())["sync"])
    for field in fields(kind):
        short = field.name.removesuffix("_s")
        names = {field.name, short, RENAMED.get(short, short)}
        assert names & set(document), field.name


def test_moments_have_an_offset_and_spans_are_seconds():
    sync = told("sync-in-step")
    assert (sync["read"], sync["age_s"]) == ("2025-11-14T11:41:55.000+01:00", 12.0)
    (flow,) = sync["flows"]
    assert flow == {
        "from": "primary",
        "to": "secondary",
        "name": "hotswap_sub",
        "streaming": True,
        "lag_s": 0.2,
        "lag_bytes": 1240,
        "measured": "2025-11-14T11:41:55.000+01:00",
        "age_s": 12.0,
        "two_way": False,
        "missing": 0,
        "missing_tables": [],
        "not_ready": 0,
        "not_ready_tables": [],
        "errors": 0,
        "error": None,
    }
    assert (sync["relation"], sync["words"]) == ("logical", "logical replication, primary → secondary")
    assert sync["schema"]["age_s"] == 252.0
    assert sync["dossier"] is None


def test_the_dossier_says_why_since_when_and_of_which_tables():
    dossier = told("sync-diverged")["dossier"]
    assert (dossier["verdict"], dossier["rows"], dossier["transactions"]) == ("diverged", 412, 42)
    assert dossier["since"] == "2025-11-14T11:39:36.000+01:00"
    assert dossier["written"][0] == {"table": "public.orders", "inserted": 380, "updated": 15, "deleted": 5}


def test_names_that_servers_chose_are_harmless():
    document = status_document(hostile_sync())
    check_component(document, "Status")
    printed = json.dumps(document["sync"], ensure_ascii=False)
    assert printed.replace("\u200d", "").isprintable()
    assert "\u202e" not in printed
    assert len(printed) < 20_000


def test_the_words_of_the_description_are_those_of_the_program():
    schemas = openapi_document()["components"]["schemas"]
    assert schemas["Sync"]["properties"]["relation"]["enum"] == [relation.value for relation in Relation]
    assert schemas["Dossier"]["properties"]["verdict"]["enum"] == [verdict.value for verdict in Safety]
    assert schemas["Step"]["properties"]["step"]["enum"] == [step.value for step in Step]
