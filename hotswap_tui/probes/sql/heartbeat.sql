-- The message makes the commit wait for the write-ahead log, which an unlogged table alone would not. Where the row is gone there
-- is none, so that a beat is one transaction always.
WITH beat AS (
    UPDATE hotswap_heartbeat SET beat_at = pg_catalog.now(), beats = beats + 1 RETURNING 1
)
SELECT pg_catalog.pg_logical_emit_message(true, 'hotswap-tui', '') FROM beat;
