-- classified: the state of each image that this run saw: new, changed, unchanged or returned.
-- One row per image. One step after the other, as in missing_images.
-- An old version without landed_hash is also unchanged if only its numbers are written differently. So is a version with
-- the same text whose `-0` was kept as 0.
CREATE OR REPLACE TEMP TABLE classified AS
WITH compared AS MATERIALIZED (
    SELECT
        incoming.*,
        known.id IS NOT NULL AS is_known,
        known.content_hash = incoming.content_hash
            OR (
                known.content_hash = incoming.content_hash_before
                AND (known.landed_hash IS NULL OR known.landed_hash = incoming.landed_hash)
            ) AS is_same
    FROM incoming
    LEFT JOIN (
        SELECT id, content_hash, landed_hash FROM image_versions WHERE cloud = $cloud AND seen_to IS NULL
    ) AS known
        ON known.id = incoming.id
),

returned AS MATERIALIZED (
    SELECT DISTINCT version.id
    FROM image_versions AS version
    SEMI JOIN (SELECT id FROM compared WHERE NOT is_known) AS unknown ON unknown.id = version.id
    WHERE version.cloud = $cloud
)

SELECT
    compared.id,
    compared.updated_at,
    compared.listing,
    compared.position,
    compared.is_brief,
    CASE
        WHEN compared.is_same THEN 'unchanged'
        WHEN compared.is_known THEN 'changed'
        WHEN returned.id IS NOT NULL THEN 'returned'
        ELSE 'new'
    END AS outcome
FROM compared
LEFT JOIN returned ON returned.id = compared.id
