-- Unlogged, so that a publication FOR ALL TABLES leaves it alone: a published table that the
-- other side lacks would stop logical replication there.
-- beats counts our own transactions, exactly, so that those of others can be told from them; counter says where a count was
-- begun, in which transaction and by chance, because a count from somewhere else says nothing.
-- No autovacuum: its ANALYZE is a transaction that is not ours. A page with one row is cleaned by the updates themselves.
CREATE UNLOGGED TABLE IF NOT EXISTS hotswap_heartbeat (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    beat_at timestamptz NOT NULL,
    beats bigint NOT NULL DEFAULT 0,
    counter text NOT NULL DEFAULT ''
) WITH (autovacuum_enabled = off);
INSERT INTO hotswap_heartbeat AS h (beat_at, beats, counter)
VALUES (pg_catalog.now(), 1,
        pg_catalog.txid_current() || '/' || pg_catalog.md5(pg_catalog.clock_timestamp()::text || pg_catalog.random()))
ON CONFLICT (one) DO UPDATE SET beat_at = excluded.beat_at, beats = h.beats + 1;
