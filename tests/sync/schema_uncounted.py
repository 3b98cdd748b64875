"""What may differ without being a difference."""

from __future__ import annotations

from typing import Final

from tests.sync.schema_base import Change

UNCOUNTED: Final = (
    Change("a cloud provider's schema", "CREATE SCHEMA auth; CREATE TABLE auth.users (id int)", "", (), superuser=True),
    Change(
        "our heartbeat",
        "CREATE UNLOGGED TABLE hotswap_heartbeat (one boolean PRIMARY KEY DEFAULT true CHECK (one), beat_at timestamptz NOT NULL)",
        "",
        (),
        side=0,
    ),
    Change("comments", "COMMENT ON TABLE users IS 'x'; COMMENT ON COLUMN users.name IS 'x'", "", (), side=0),
    Change(
        "grants and owners",
        "GRANT SELECT ON users TO public; ALTER TABLE users OWNER TO postgres",
        "",
        (),
        superuser=True,
        side=0,
    ),
    Change(
        "rows and sequences' values",
        "INSERT INTO users (email) VALUES ('x'); SELECT nextval('counter'); ANALYZE",
        "",
        (),
        side=0,
    ),
    Change(
        "the order of columns",
        "ALTER TABLE base ADD b int, ADD c int; ALTER TABLE base DROP b, DROP c; ALTER TABLE orders DROP during; ALTER TABLE orders ADD during int4range",
        "",
        (),
        side=0,
    ),
    Change(
        "storage",
        "ALTER TABLE users SET (fillfactor = 50); ALTER TABLE users ALTER name SET STORAGE EXTERNAL; ALTER TABLE users ALTER name SET STATISTICS 7",
        "",
        (),
        side=0,
    ),
)
