-- What of a way there is on its source: the publication, and the slot.
SELECT
    (SELECT pg_catalog.json_build_object(
        'all_tables', p.puballtables,
        'whole', p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND NOT p.pubviaroot,
        'owned', pg_catalog.pg_has_role(p.pubowner, 'USAGE'))
    FROM pg_catalog.pg_publication AS p WHERE p.pubname = %(publication)s),
    (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(schemaname, tablename)), '[]')
    FROM pg_catalog.pg_publication_tables WHERE pubname = %(publication)s),
    (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname)), '[]')
    FROM pg_catalog.pg_publication_rel AS r
    JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
    JOIN pg_catalog.pg_class AS c ON c.oid = r.prrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE p.pubname = %(publication)s),
    (SELECT pg_catalog.json_build_object(
        'fits', s.plugin = 'pgoutput' AND s.database = pg_catalog.current_database() AND NOT s.temporary,
        'active', s.active, 'lost', coalesce(s.wal_status = 'lost', false))
    FROM pg_catalog.pg_replication_slots AS s WHERE s.slot_name = %(slot)s)
