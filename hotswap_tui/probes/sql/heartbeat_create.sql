-- Unlogged, so that a publication FOR ALL TABLES leaves it alone: a published table that the
-- other side lacks would stop logical replication there.
CREATE UNLOGGED TABLE IF NOT EXISTS hotswap_heartbeat (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    beat_at timestamptz NOT NULL
);
INSERT INTO hotswap_heartbeat (beat_at) VALUES (pg_catalog.now()) ON CONFLICT DO NOTHING;
