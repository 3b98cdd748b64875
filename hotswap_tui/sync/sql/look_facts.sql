-- What one database knows of its part in replication, as one JSON object: one round trip. Runs inside COPY (...) TO STDOUT, in
-- recovery too, as an ordinary role: everything here may be read by PUBLIC.
-- What is left open follows from the version and what is allowed.
SELECT pg_catalog.json_build_object(
    'identifier', $identifier,
    'position', $position,
    'slots', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', slot_name, 'plugin', plugin, 'database', database, 'active', active, 'restart', restart_lsn,
            'confirmed', confirmed_flush_lsn, 'status', wal_status, 'safe_bytes', safe_wal_size) ORDER BY slot_name)
        FROM pg_catalog.pg_replication_slots),
    'subscriptions', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'oid', w.subid::pg_catalog.int8, 'name', s.subname, 'slot', s.subslotname, 'enabled', s.subenabled, 'publications', s.subpublications,
            'origin', $origin, 'errors', $errors, 'ended', w.latest_end_lsn, 'working', w.pid IS NOT NULL,
            'tables', (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, r.srsubstate = 'r'))
                FROM pg_catalog.pg_subscription_rel AS r
                JOIN pg_catalog.pg_class AS c ON c.oid = r.srrelid
                JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE r.srsubid = w.subid)) ORDER BY s.subname)
        FROM pg_catalog.pg_subscription AS s
        JOIN pg_catalog.pg_stat_subscription AS w ON $subid AND w.relid IS NULL AND $leading
        WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())),
    'sending', EXISTS (SELECT FROM pg_catalog.pg_stat_replication),
    'receiving', EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver WHERE pid IS NOT NULL),
    'paused', CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END,
    'slot_name', pg_catalog.current_setting('primary_slot_name', true),
    'cluster_name', pg_catalog.current_setting('cluster_name', true),
    'written', (
        SELECT pg_catalog.json_build_array(tup_inserted + tup_updated + tup_deleted, stats_reset)
        FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()),
    'heartbeat', (
        SELECT pg_catalog.json_build_array(n.nspname, c.relname)
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relname = 'hotswap_heartbeat' AND c.relkind = 'r' AND c.relpersistence = 'p'
          AND pg_catalog.pg_table_is_visible(c.oid) AND pg_catalog.has_table_privilege(c.oid, 'SELECT'))
)
