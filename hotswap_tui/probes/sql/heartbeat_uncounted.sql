-- For a table that does not count, or in which this role may not read the count.
WITH beat AS (
    UPDATE hotswap_heartbeat SET beat_at = pg_catalog.now() RETURNING 1
)
SELECT pg_catalog.pg_logical_emit_message(true, 'hotswap-tui', '') FROM beat;
