"""What versions print differently is no difference; what they mean differently is one."""

from __future__ import annotations

import pytest

from hotswap_tui.sync.schema.deparse import alike

CASES = (
    ("view", (15, 18), " SELECT users.id,\n    users.email\n   FROM public.users", " SELECT id,\n    email\n   FROM public.users", True),
    ("view", (16, 15), "SELECT id FROM public.users", "SELECT users.id FROM public.users", True),
    ("view", (15, 18), " SELECT users.id FROM public.users", " SELECT email FROM public.users", False),
    ("view", (15, 18), " SELECT users.id FROM public.users", " SELECT id FROM public.orders", False),
    ("view", (15, 18), " SELECT 'a.b' AS id FROM public.users", " SELECT 'b' AS id FROM public.users", False),
    ("view", (16, 18), " SELECT users.id FROM public.users", " SELECT id FROM public.users", False),
    ("column", (13, 18), "timestamp DEFAULT timezone('utc'::text, now())", "timestamp DEFAULT (now() AT TIME ZONE 'utc'::text)", True),
    ("column", (13, 18), "timestamp DEFAULT timezone('utc'::text, now())", "timestamp DEFAULT (now() AT TIME ZONE 'cet'::text)", False),
    ("column", (13, 18), "text DEFAULT lower('a')", "text DEFAULT upper('a')", False),
    ("index", (13, 14), "btree (date_part('year'::text, at))", "btree (EXTRACT(year FROM at))", True),
    ("index", (18, 13), "btree (EXTRACT(year FROM at))", "btree (date_part('month'::text, at))", False),
    ("index", (14, 18), 'btree ("json_object")', "btree (json_object)", True),
    ("index", (14, 18), 'btree ("Email")', "btree (email)", False),
    ("index", (14, 14), "btree (a)", "btree  (a)", False),
    ("extension", (14, 18), "1.9", "1. 9", False),
    ("column", (13, 18), "text", "character varying(100)", False),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "versions", "one", "other", "same"), CASES)
def test_definitions_of_two_versions(kind, versions, one, other, same):
    assert alike(kind, (one, other), versions) is same
