-- rejects_of_versions: the rejects in their new form: once for each version, with the run that first saw it.
-- One row per reject. Earlier, each run kept the rejects of all images that it read; those of the last run belong to the
-- version.
CREATE OR REPLACE TEMP TABLE rejects_of_versions AS
WITH dated AS (
    SELECT rejects.*, runs.started_at
    FROM rejects
    LEFT JOIN runs ON runs.run_id = rejects.run_id
),

matched AS (
    SELECT dated.*, version.run_from
    FROM dated
    JOIN image_versions AS version
        ON version.cloud = dated.cloud
            AND version.id = dated.id
            AND dated.started_at >= version.seen_from
            AND (version.seen_to IS NULL OR dated.started_at < version.seen_to)
    QUALIFY dense_rank() OVER (
        PARTITION BY version.cloud, version.id, version.run_from ORDER BY dated.started_at DESC
    ) = 1
)

SELECT run_from AS run_id, cloud, id, attribute, value, reason FROM matched
UNION ALL
SELECT arg_min(run_id, started_at) AS run_id, cloud, id, attribute, value, reason
FROM dated
WHERE id IS NULL
GROUP BY cloud, id, attribute, value, reason
