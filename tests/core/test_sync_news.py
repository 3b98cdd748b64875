"""What has changed between two looks at the pair is told, each thing once."""

from __future__ import annotations

import pytest

from hotswap_tui.core.sync import Relation, Safety, SchemaDrift, Slot
from hotswap_tui.core.sync_news import NOTHING, news
from hotswap_tui.core.values import Level, Role
from tests.core.sync_values import dossier, flow, reading

PRIMARY, SECONDARY = Role.PRIMARY, Role.SECONDARY


def slot(**more) -> Slot:
    return Slot(PRIMARY, "cc_sub", active=False, **({"retained_bytes": 5_000_000} | more))


DRIFT = SchemaDrift(2, ("+ only on primary: table public.a", "+ only on primary: table public.b"))
STOPPED = flow(streaming=False, error="the subscription is disabled")


@pytest.mark.parametrize(
    ("before", "now", "level", "said"),
    [
        (NOTHING, reading(), Level.INFO, "between the databases: not replicated"),
        (NOTHING, reading(relation=Relation.SAME), Level.BAD, "one and the same database"),
        (NOTHING, reading(relation=Relation.PROMOTED), Level.WARNING, "no way back by itself"),
        (reading(flow()), reading(), Level.WARNING, "not replicated"),
        (reading(flow()), reading(STOPPED), Level.WARNING, "has stopped: the subscription is disabled"),
        (reading(STOPPED), reading(flow()), Level.GOOD, "streams again"),
        (
            reading(flow()),
            reading(flow(missing=2, missing_tables=("public.a", "public.b"))),
            Level.WARNING,
            "does not carry 2 tables: public.a, public.b;",
        ),
        (
            reading(flow()),
            reading(flow(missing=12, missing_tables=("a",))),
            Level.WARNING,
            "does not carry 12 tables: a and 11 more;",
        ),
        (reading(), reading(schema=SchemaDrift(1, ("a",))), Level.WARNING, "differ in 1 place: a;"),
        (reading(), reading(schema=DRIFT), Level.WARNING, "differ in 2 places: + only on primary: table public.a"),
        (reading(schema=DRIFT), reading(schema=SchemaDrift(0)), Level.GOOD, "alike again"),
        (reading(), reading(slots=(slot(lost=True),)), Level.BAD, "is lost"),
        (reading(), reading(slots=(slot(full_in_s=7200.0),)), Level.WARNING, "keeps 4.8 MB: 2h until the disk is full"),
        (
            reading(slots=(slot(full_in_s=7200.0),)),
            reading(slots=(slot(full_in_s=1800.0, left_bytes=100),)),
            Level.BAD,
            "until the server gives it up",
        ),
        (reading(), reading(dossier=dossier(Safety.SAFE)), Level.INFO, "a failback is SAFE: that is how it is"),
        (
            reading(dossier=dossier(Safety.SAFE)),
            reading(dossier=dossier(Safety.DIVERGED)),
            Level.WARNING,
            "a failback is DIVERGED",
        ),
        (
            reading(dossier=dossier()),
            reading(dossier=dossier(conflicts=3, tail="duplicate keys")),
            Level.BAD,
            "conflicts with the secondary: duplicate keys",
        ),
    ],
)
def test_a_change_is_told_once(before, now, level, said):
    (told,) = news(before, now)
    assert told.level is level
    assert said in told.text
    assert list(news(now, now)) == []


@pytest.mark.parametrize(
    "now",
    [
        reading(flow(), schema=SchemaDrift(0), slots=(slot(), slot(full_in_s=200_000.0))),
        reading(flow(lag_s=30.0)),
        reading(flow(), primary_error="it is down"),
    ],
)
def test_what_is_as_it_was_is_not_told(now):
    assert list(news(reading(flow()), now)) == []


def test_a_link_that_did_not_stream_from_the_beginning_is_told():
    texts = [tell.text for tell in news(NOTHING, reading(STOPPED))]
    assert texts[0].startswith("between the databases: logical replication")
    assert "has stopped" in texts[1]
