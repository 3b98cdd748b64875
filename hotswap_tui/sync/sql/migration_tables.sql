-- One row: whether this database takes part as a subscriber, which tables of migration tools it publishes, and which of its tables
-- no subscription brings rows for. Without privileges. Runs inside COPY (...) TO STDOUT.
SELECT (
        SELECT pg_catalog.count(s.subname) > 0
        FROM pg_catalog.pg_subscription AS s
        JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
        WHERE d.datname = pg_catalog.current_database() AND s.subenabled),
       (
        SELECT pg_catalog.string_agg(DISTINCT t.schemaname || '.' || t.tablename, ', ')
        FROM pg_catalog.pg_publication_tables AS t
        WHERE t.tablename IN ($books)),
       (
        SELECT pg_catalog.json_agg(n.nspname || '.' || c.relname ORDER BY n.nspname, c.relname)
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND c.relpersistence = 'p'
          AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
          AND c.relname NOT IN ('hotswap_heartbeat', $books)
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS e
              WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e')
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_subscription_rel AS r
              WHERE r.srrelid = c.oid OR c.relispartition AND r.srrelid IN (
                  SELECT up.relid FROM pg_catalog.pg_partition_ancestors(c.oid) AS up)))
