-- What keeps some publications from carrying every write: kinds of statements, row filters and column lists (read through JSON,
-- since servers before version 15 have neither), a change since the mark; and whether there are large objects, which none carries.
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
           OR EXISTS (SELECT FROM pg_catalog.pg_publication_rel r
                      JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
                      WHERE p.pubname = ANY (ARRAY[$names]::pg_catalog.name[]) AND $member_changed),
       EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
