-- What a database holds that somebody has put there, the largest first, with an estimate of its rows;
-- neither what an extension brings along nor the sequence of a column.
SELECT
    n.nspname,
    c.relname,
    GREATEST(c.reltuples, 0)::pg_catalog.int8
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema'
    AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
            OR d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
            AND c.relkind = 'S' AND d.deptype IN ('a', 'i')
    )
ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, n.nspname, c.relname
