-- known_texts: the text of each current version, and its content hash: 64 hexadecimal digits of SHA-256, and 32.
-- One row, with all of them in order; NULL if there are none. Versions with rejects are left out: each run counts these.
SELECT string_agg(known, '' ORDER BY known) AS known
FROM (
    SELECT version.landed_hash || version.content_hash AS known
    FROM image_versions AS version
    ANTI JOIN (SELECT id FROM rejects WHERE cloud = $cloud AND id IS NOT NULL) AS rejected ON rejected.id = version.id
    WHERE version.cloud = $cloud
        AND version.seen_to IS NULL
        AND length(version.landed_hash) = 64
        AND length(version.content_hash) = 32
)
