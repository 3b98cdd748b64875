-- The message makes the commit wait for the write-ahead log, which an unlogged table alone would not.
SELECT pg_catalog.pg_logical_emit_message(true, 'hotswap-tui', '');
UPDATE hotswap_heartbeat SET beat_at = pg_catalog.now(), beats = beats + 1;
