-- One hash over the rows of catalogue.sql, which is put in below, without what differs on servers that are alike: the version and
-- the keys. Not md5, which a server in FIPS mode refuses.
SELECT pg_catalog.encode(
    pg_catalog.sha256(pg_catalog.convert_to(
        COALESCE(pg_catalog.string_agg(hashed.one, '' ORDER BY hashed.one COLLATE pg_catalog."C"), ''), 'UTF8')), 'hex')
FROM (
    SELECT pg_catalog.encode(
        pg_catalog.sha256(pg_catalog.convert_to(
            ROW(item.kind, item.schema, item.relation, item.name, item.signature, item.definition)::pg_catalog.text,
            'UTF8')), 'hex') AS one
    FROM (
$catalogue
    ) AS item
    WHERE item.kind <> 'server' AND item.definition IS NOT NULL
) AS hashed
