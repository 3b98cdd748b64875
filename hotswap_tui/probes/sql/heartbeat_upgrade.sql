-- A table from before it counted; see heartbeat_create.sql.
ALTER TABLE hotswap_heartbeat
    ADD COLUMN IF NOT EXISTS beats bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS counter text NOT NULL DEFAULT '',
    SET (autovacuum_enabled = off);
UPDATE hotswap_heartbeat
SET beat_at = pg_catalog.now(),
    beats = 1,
    counter = pg_catalog.txid_current() || '/' || pg_catalog.md5(pg_catalog.clock_timestamp()::text || pg_catalog.random());
