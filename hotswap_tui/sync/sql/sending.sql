-- The slots from which subscriptions of another server take this database's changes, and how much they have not confirmed.
SELECT slot_name,
       active,
       COALESCE(wal_status, '') = 'lost',
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
            ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), confirmed_flush_lsn)::pg_catalog.int8 END
FROM pg_catalog.pg_replication_slots
WHERE slot_type = 'logical' AND database = pg_catalog.current_database() AND NOT temporary
ORDER BY slot_name
