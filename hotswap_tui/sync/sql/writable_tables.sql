-- Every table that somebody may have written to, our own aside, with the uppermost one that it is a partition of; whether its columns
-- are not those of the mark any more; and whether the publications $names, if they are known, carry it now. They never carry an
-- unlogged table, and one that was unlogged for a while has new columns of its TOAST table at least.
WITH published AS MATERIALIZED (
    SELECT p.schemaname, p.tablename
    FROM pg_catalog.pg_publication_tables p
    WHERE p.pubname = ANY (ARRAY[$names]::pg_catalog.name[])
)
SELECT n.nspname,
       c.relname,
       rn.nspname,
       r.relname,
       EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
               WHERE a.attrelid IN (c.oid, NULLIF(c.reltoastrelid, 0)) AND $changed),
       EXISTS (SELECT FROM published p
               WHERE (p.schemaname, p.tablename) IN ((n.nspname, c.relname), (rn.nspname, r.relname)))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class r ON r.oid = pg_catalog.pg_partition_root(c.oid)
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
WHERE c.relkind = 'r'
  AND c.relpersistence IN ('p', 'u')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND c.oid IS DISTINCT FROM pg_catalog.to_regclass('hotswap_heartbeat')
ORDER BY n.nspname, c.relname
