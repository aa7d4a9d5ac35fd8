-- classified: what became of each image that this run saw: new, changed, unchanged or returned.
-- One row per image.
CREATE OR REPLACE TEMP TABLE classified AS
SELECT
    incoming.*,
    CASE
        WHEN known.content_hash = incoming.content_hash THEN 'unchanged'
        WHEN known.id IS NOT NULL THEN 'changed'
        WHEN ended.id IS NOT NULL THEN 'returned'
        ELSE 'new'
    END AS outcome
FROM incoming
LEFT JOIN (SELECT id, content_hash FROM image_versions WHERE cloud = $cloud AND seen_to IS NULL) AS known
    ON known.id = incoming.id
LEFT JOIN (SELECT DISTINCT id FROM image_versions WHERE cloud = $cloud AND seen_to IS NOT NULL) AS ended
    ON ended.id = incoming.id
