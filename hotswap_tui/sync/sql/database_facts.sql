-- What decides whether a dump can be taken from, or loaded into, this database.
SELECT
    pg_catalog.current_database(),
    pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000,
    pg_catalog.pg_is_in_recovery(),
    EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time())::pg_catalog.text || '/' || (
        SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
    ),
    ARRAY(
        SELECT e.extname::pg_catalog.text FROM pg_catalog.pg_extension AS e ORDER BY e.extname
    ),
    ARRAY(
        SELECT s.subname::pg_catalog.text FROM pg_catalog.pg_subscription AS s
        WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        ORDER BY s.subname
    ),
    ARRAY(
        SELECT p.pubname::pg_catalog.text FROM pg_catalog.pg_publication AS p ORDER BY p.pubname
    ),
    EXISTS (
        SELECT FROM pg_catalog.pg_replication_slots AS r
        WHERE r.slot_type = 'logical' AND r.database = pg_catalog.current_database()
    )
