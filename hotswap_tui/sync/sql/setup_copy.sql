-- How far each table of a subscription is; rows and bytes while it is being copied (PostgreSQL 14 and later).
SELECT n.nspname, c.relname, r.srsubstate, $rows, $bytes
FROM pg_catalog.pg_subscription_rel AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.srrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
$progress
WHERE r.srsubid = %(oid)s
