-- How much there is to copy: bytes, and the planner's estimate of rows (below zero: never analysed), of each published table.
SELECT p.schemaname, p.tablename, pg_catalog.pg_table_size(c.oid), c.reltuples::pg_catalog.int8
FROM pg_catalog.pg_publication_tables AS p
JOIN pg_catalog.pg_namespace AS n ON n.nspname = p.schemaname
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.tablename
WHERE p.pubname = %(publication)s
