-- Whether the subscription's main worker lives, and how often its workers have failed (PostgreSQL 15 and later).
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_stat_subscription WHERE subid = %(oid)s AND relid IS NULL AND pid IS NOT NULL), $errors
