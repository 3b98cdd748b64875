-- For a table that does not count, or in which this role may not read the count.
SELECT pg_catalog.pg_logical_emit_message(true, 'hotswap-tui', '');
UPDATE hotswap_heartbeat SET beat_at = pg_catalog.now();
