-- What a server says about itself, for `sync setup`: one row, one JSON object.
SELECT pg_catalog.json_build_object(
    'version', pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
    'database', pg_catalog.current_database(),
    'user', current_user,
    'started_us', (pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()) * 1000000)::pg_catalog.int8,
    'in_recovery', pg_catalog.pg_is_in_recovery(),
    'read_only', pg_catalog.current_setting('transaction_read_only') = 'on',
    'wal_level', pg_catalog.current_setting('wal_level'),
    'slots_allowed', pg_catalog.current_setting('max_replication_slots')::pg_catalog.int4,
    'slots', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_replication_slots),
    'senders_allowed', pg_catalog.current_setting('max_wal_senders')::pg_catalog.int4,
    'senders', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_replication),
    'workers_allowed', pg_catalog.current_setting('max_logical_replication_workers')::pg_catalog.int4,
    'processes_allowed', pg_catalog.current_setting('max_worker_processes')::pg_catalog.int4,
    'subscriptions', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_subscription WHERE subenabled),
    'origins_allowed', coalesce(
        pg_catalog.current_setting('max_active_replication_origins', true),
        pg_catalog.current_setting('max_replication_slots'))::pg_catalog.int4,
    'wal_kept_at_most', pg_catalog.current_setting('max_slot_wal_keep_size'),
    'superuser', pg_catalog.current_setting('is_superuser') = 'on',
    'may_replicate', (
        SELECT rolreplication OR rolsuper OR EXISTS (
            SELECT FROM pg_catalog.pg_roles AS granted
            WHERE granted.rolname = 'rds_replication' AND pg_catalog.pg_has_role(own.oid, granted.oid, 'USAGE'))
        FROM pg_catalog.pg_roles AS own WHERE own.rolname = current_user),
    'may_create', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
    'provider', CASE
        WHEN pg_catalog.current_setting('rds.extensions', true) IS NOT NULL THEN 'rds'
        WHEN pg_catalog.current_setting('cloudsql.iam_authentication', true) IS NOT NULL THEN 'cloudsql'
        WHEN pg_catalog.current_setting('azure.extensions', true) IS NOT NULL THEN 'azure'
        WHEN pg_catalog.current_setting('neon.timeline_id', true) IS NOT NULL THEN 'neon'
        ELSE '' END)
