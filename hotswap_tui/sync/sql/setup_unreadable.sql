-- The tables that a role may not read, which the first copy has to; nothing where there is no such role.
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles AS r ON r.rolname = %(role)s
WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND n.nspname NOT LIKE 'pg\_%%' AND n.nspname <> 'information_schema'
    AND NOT (
        pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AND pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT'))
ORDER BY n.nspname, c.relname
