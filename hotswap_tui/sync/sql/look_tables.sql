-- The ordinary tables with an estimate of their rows, and what some publications carry, as one JSON object.
-- Statistics are this server's own: a standby has none, and a crash empties them, so the planner's figure counts where it is
-- higher. Tables of extensions and the heartbeat are not the user's.
SELECT pg_catalog.json_build_object(
    'tables', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname,
            CASE WHEN c.reltuples >= 0 OR s.live > 0 THEN GREATEST(c.reltuples::pg_catalog.int8, s.live)
                 WHEN pg_catalog.pg_relation_size(c.oid) = 0 THEN 0 END,
            CASE WHEN c.relispartition THEN (
                SELECT pg_catalog.json_agg(pg_catalog.json_build_array(an.nspname, a.relname))
                FROM pg_catalog.pg_partition_ancestors(c.oid) AS up
                JOIN pg_catalog.pg_class AS a ON a.oid = up.relid
                JOIN pg_catalog.pg_namespace AS an ON an.oid = a.relnamespace) END))
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_live_tuples(c.oid) AS live) AS s
        WHERE c.relkind = 'r' AND c.relpersistence = 'p'
          AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
          AND c.relname <> 'hotswap_heartbeat'
          AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_depend AS d
              WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')),
    'published', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.pubname, p.schemaname, p.tablename))
        FROM pg_catalog.pg_publication_tables AS p
        WHERE p.pubname = ANY ($publications::pg_catalog.name[]))
)
