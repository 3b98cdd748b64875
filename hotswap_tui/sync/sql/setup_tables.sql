-- The tables of this database that replication is about.
SELECT n.nspname, c.relname, c.relkind = 'p', c.relispartition, c.relpersistence = 'u',
    c.relkind = 'p' OR c.relreplident = 'f' OR (c.relreplident IN ('d', 'i') AND EXISTS (
        SELECT FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = c.oid AND i.indisvalid
            AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END)),
    pg_catalog.pg_has_role(c.relowner, 'USAGE'),
    EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'),
    ARRAY(
        SELECT a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        ORDER BY a.attname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
    AND c.relpersistence <> 't'
    AND n.nspname NOT LIKE 'pg\_%'
    AND n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname
