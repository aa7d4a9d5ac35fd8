-- clouds: what is there of each cloud, and what waits for a decision.
-- One row per cloud that the history knows. Sizes are in bytes.
SELECT
    coalesce(present.cloud, kept.cloud) AS cloud,
    coalesce(present.images, 0) AS images,
    coalesce(present.unlisted, 0) AS unlisted,
    coalesce(present.bytes, 0) AS bytes,
    coalesce(kept.too_many, 0) AS too_many,
    coalesce(kept.no_answer, 0) AS no_answer
FROM (
    SELECT
        cloud,
        count(*) AS images,
        count(*) FILTER (WHERE state = 'unlisted') AS unlisted,
        sum(coalesce(image_size, size)) AS bytes
    FROM image_versions
    WHERE seen_to IS NULL
    GROUP BY cloud
) AS present
FULL JOIN (
    SELECT
        withheld.cloud,
        count(*) FILTER (WHERE withheld.reason = 'too many') AS too_many,
        count(*) FILTER (WHERE withheld.reason <> 'too many') AS no_answer
    FROM withheld_deletions AS withheld
    SEMI JOIN (SELECT cloud, id FROM image_versions WHERE seen_to IS NULL) AS there
        ON there.cloud = withheld.cloud AND there.id = withheld.id
    GROUP BY withheld.cloud
) AS kept
    ON kept.cloud = present.cloud
ORDER BY cloud
