from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import connect
from psycopg.conninfo import make_conninfo

from hotswap_tui.dsn import parse

if TYPE_CHECKING:
    from tests.support.clusters import ServerPair

ASKED = "SELECT current_setting('search_path'), current_setting('lock_timeout'), current_setting('application_name')"


def test_a_prisma_url_connects_through_libpq_with_its_schema_and_options(server_pair: ServerPair, monkeypatch):
    monkeypatch.setenv("PGDATABASE", "/ambient")
    query = "schema=My%20App&connection_limit=5&options=-c%20lock_timeout%3D7s&application_name=a%20b&channel_binding=prefer"
    dsn = parse(f"{server_pair.primary.url}?{query}")
    with connect(make_conninfo("", **dsn.conninfo())) as connection:
        assert connection.execute(ASKED).fetchone() == ('"My App"', "7s", "a b")
