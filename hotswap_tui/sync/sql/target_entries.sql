-- What `pg_restore --list` would call what needs care in a target: indexes and constraints that are attached to those of
-- a partitioned table (true), and rows and sequences of tables that extensions bring along (false).
SELECT
    'INDEX ' || n.nspname || ' ' || c.relname,
    true
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('i', 'I') AND c.relispartition
UNION ALL
SELECT
    'CONSTRAINT ' || n.nspname || ' ' || t.relname || ' ' || k.conname,
    true
FROM pg_catalog.pg_constraint AS k
INNER JOIN pg_catalog.pg_class AS c ON c.oid = k.conindid
INNER JOIN pg_catalog.pg_class AS t ON t.oid = k.conrelid
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
WHERE k.contype IN ('p', 'u', 'x') AND c.relispartition
UNION ALL
SELECT
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE SET ' ELSE 'TABLE DATA ' END || n.nspname || ' ' || c.relname,
    false
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
INNER JOIN pg_catalog.pg_depend AS d ON d.objid = c.oid
WHERE c.relkind IN ('r', 'p', 'S')
    AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0 AND d.deptype = 'e'
