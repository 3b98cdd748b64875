-- What keeps some publications from carrying every write: kinds of statements, row filters and column lists (read through JSON,
-- since servers before version 15 have neither), a change since the mark; and whether there are large objects, which none carries.
-- A table or schema that was added is seen by what then depends on the publication; one that is left out now by writable_tables.sql.
SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_publication p
        WHERE p.pubname = ANY (ARRAY[$names]::pg_catalog.name[])),
       EXISTS (SELECT FROM pg_catalog.pg_publication p
               WHERE p.pubname = ANY (ARRAY[$names]::pg_catalog.name[])
                 AND NOT (p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate)),
       EXISTS (SELECT FROM pg_catalog.pg_publication_rel r
               JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
               CROSS JOIN LATERAL pg_catalog.to_jsonb(r) AS j
               WHERE p.pubname = ANY (ARRAY[$names]::pg_catalog.name[])
                 AND (j ->> 'prqual' IS NOT NULL OR j ->> 'prattrs' IS NOT NULL)),
       EXISTS (SELECT FROM pg_catalog.pg_publication p
               WHERE p.pubname = ANY (ARRAY[$names]::pg_catalog.name[]) AND $publication_changed)
           OR EXISTS (SELECT FROM pg_catalog.pg_depend d
                      JOIN pg_catalog.pg_publication p ON p.oid = d.refobjid
                      WHERE d.refclassid = 'pg_catalog.pg_publication'::pg_catalog.regclass
                        AND p.pubname = ANY (ARRAY[$names]::pg_catalog.name[]) AND $member_changed),
       EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
