-- How the transactions of some numbers have ended, as $now saw it: what ended later counts as open. Subtransactions have numbers
-- of their own. $applied says of a committed one that replication brought it.
SELECT pg_catalog.count(*) FILTER (WHERE status = 'committed' AND NOT applied),
       pg_catalog.count(*) FILTER (WHERE status = 'committed' AND applied),
       pg_catalog.count(*) FILTER (WHERE status = 'in progress'),
       pg_catalog.count(*) FILTER (WHERE status IS NULL)
FROM (
    SELECT status, CASE WHEN status = 'committed' THEN $applied ELSE false END AS applied
    FROM (
        SELECT number::pg_catalog.text::pg_catalog.xid8 AS id,
               CASE WHEN pg_catalog.pg_visible_in_snapshot(number::pg_catalog.text::pg_catalog.xid8, $now)
                    THEN pg_catalog.pg_xact_status(number::pg_catalog.text::pg_catalog.xid8)
                    ELSE 'in progress' END AS status
        FROM (
            SELECT pg_catalog.unnest('{$open}'::pg_catalog.int8[]) AS number
            UNION ALL
            SELECT pg_catalog.generate_series($first::pg_catalog.int8, $last::pg_catalog.int8)
        ) AS numbers
    ) AS looked_up
) AS judged
