-- What a server tells this role about itself and the role: one row, without privileges, in recovery too. Runs inside
-- COPY (...) TO STDOUT. Functions that are given NULL return NULL, so that a missing table or schema raises nothing.
SELECT pg_catalog.current_setting('server_version_num'),
       pg_catalog.pg_backend_pid(),
       r.rolname,
       r.rolsuper,
       CASE WHEN pg_catalog.isfinite(r.rolvaliduntil) THEN pg_catalog.date_part('epoch', r.rolvaliduntil) END,
       pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4
           + coalesce(pg_catalog.current_setting('reserved_connections', true)::pg_catalog.int4, 0),
       r.rolconnlimit,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.usesysid = r.oid),
       (SELECT pg_catalog.count(*)
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND c.relname <> 'hotswap_heartbeat'
          AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'),
       coalesce(
           pg_catalog.has_table_privilege(pg_catalog.to_regclass('hotswap_heartbeat')::pg_catalog.oid, 'UPDATE'),
           pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE'),
           false
       ),
       coalesce((SELECT s.ssl FROM pg_catalog.pg_stat_ssl AS s WHERE s.pid = pg_catalog.pg_backend_pid()), false)
FROM pg_catalog.pg_roles AS r
WHERE r.rolname = current_user
