-- Every table that somebody may have written to, our own aside, with the uppermost one that it is a partition of, and whether its
-- columns are not those of the mark any more. A publication never carries an unlogged table.
SELECT n.nspname,
       c.relname,
       rn.nspname,
       r.relname,
       EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND $changed)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class r ON r.oid = pg_catalog.pg_partition_root(c.oid)
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
WHERE c.relkind = 'r'
  AND c.relpersistence IN ('p', 'u')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND c.oid IS DISTINCT FROM pg_catalog.to_regclass('hotswap_heartbeat')
ORDER BY n.nspname, c.relname
