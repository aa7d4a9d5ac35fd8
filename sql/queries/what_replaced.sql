-- what_replaced: What replaced this image, and which image has its name now?
-- One row per replacement, in order: the last row is the image that has the name now. Times are UTC.
-- $id: the image's id
WITH RECURSIVE taken AS MATERIALIZED (
    FROM image_successors
),

steps AS (
    SELECT cloud, id, name, replaced_at, replaced_by, 1 AS step, [id] AS seen
    FROM taken
    WHERE id = $id
    UNION ALL
    SELECT further.cloud, further.id, further.name, further.replaced_at, further.replaced_by, steps.step + 1, list_append(steps.seen, further.id)
    FROM steps
    JOIN taken AS further ON further.cloud = steps.cloud AND further.id = steps.replaced_by
    WHERE NOT list_contains(steps.seen, further.id)
),

reached AS (
    SELECT cloud, replaced_by AS id, name, replaced_at AS since, step FROM steps
)

SELECT
    reached.cloud,
    reached.step, -- 1: it replaced the image that you asked for; 2: it replaced that one; and so on.
    reached.id,
    reached.name,
    reached.since, -- Since when it stands for the name. UTC.
    version.created_at,
    version.seen_to IS NULL AS is_there, -- Whether it is still there.
    coalesce(version.end_reason, version.state) AS state -- listed or unlisted; or why it ended: deleted, gone, retired.
FROM reached
LEFT JOIN image_versions AS version ON version.cloud = reached.cloud AND version.id = reached.id
QUALIFY row_number() OVER (PARTITION BY reached.cloud, reached.step ORDER BY version.seen_from DESC) = 1
ORDER BY reached.cloud, reached.step
