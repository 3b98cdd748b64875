-- Whether the table is ours, from before it counted. Only an unlogged one may get new columns: they would stop the replication of
-- another, since the other side lacks them. Runs inside COPY (...) TO STDOUT.
SELECT c.relkind = 'r'
       AND c.relpersistence = 'u'
       AND (SELECT pg_catalog.count(*)
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attname IN ('one', 'beat_at') AND NOT a.attisdropped) = 2
FROM pg_catalog.pg_class c
WHERE c.oid = pg_catalog.to_regclass('hotswap_heartbeat')
