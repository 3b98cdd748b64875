-- The slots of one subscription: its own, and those of tables that were being copied (pg_<subscription>_sync_<table>_<system>).
SELECT slot_name
FROM pg_catalog.pg_replication_slots
WHERE slot_type = 'logical' AND database = pg_catalog.current_database() AND (
    slot_name = ANY (%(names)s)
    OR (%(oid)s <> '' AND pg_catalog.starts_with(slot_name::pg_catalog.text, 'pg_' || %(oid)s || '_sync_')))
ORDER BY slot_name
