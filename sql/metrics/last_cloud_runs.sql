-- last_cloud_runs: what the last run of each kind that has ended found at each cloud, and how it read the cloud's listings.
-- One row per cloud and mode. $dead: the ids of runs that are called running, and whose process died. A count is NULL where nothing of
-- the cloud was loaded; requests and retries are NULL where the version that ran did not count them. A listing that another cloud read
-- is not counted again. Times are UTC.
WITH ended AS (
    SELECT run_id, started_at, mode
    FROM runs
    WHERE mode IN ('full', 'changes') AND (status <> 'running' OR list_contains($dead, run_id))
),

tries AS (
    SELECT attempt.cloud, ended.*
    FROM (SELECT run_id, cloud FROM run_targets UNION SELECT run_id, cloud FROM run_clouds) AS attempt
    JOIN ended ON ended.run_id = attempt.run_id
),

last_tries AS (
    SELECT * FROM tries QUALIFY row_number() OVER (PARTITION BY cloud, mode ORDER BY started_at DESC) = 1
),

-- Materialized: else the evidence of every run would be taken apart.
last_listings AS MATERIALIZED (
    SELECT listing.*, listing.evidence->>'read_by' IS NULL AS is_own
    FROM run_listings AS listing
    SEMI JOIN last_tries AS last_one ON last_one.run_id = listing.run_id AND last_one.cloud = listing.cloud
),

passes AS (
    SELECT run_id, cloud, unnest([evidence, evidence->'closing', evidence->'again', evidence->'again'->'closing']) AS pass
    FROM last_listings
    WHERE is_own
),

asked AS (
    SELECT
        run_id,
        cloud,
        sum((pass->>'requests')::BIGINT) AS requests,
        sum((pass->>'requests')::BIGINT - (pass->>'pages')::BIGINT + coalesce((pass->>'pages_landed_before')::BIGINT, 0)) AS retries
    FROM passes
    GROUP BY run_id, cloud
),

readings AS (
    SELECT
        run_id,
        cloud,
        bool_and(complete) AS is_complete,
        sum(pages) FILTER (WHERE is_own) AS pages,
        sum(bytes) FILTER (WHERE is_own) AS bytes,
        max(seconds) AS seconds
    FROM last_listings
    GROUP BY run_id, cloud
)

SELECT
    last_one.cloud,
    last_one.mode,
    last_one.started_at,
    last_one.started_at = max(last_one.started_at) OVER (PARTITION BY last_one.cloud) AS is_last,
    found.run_id IS NOT NULL AND found.error IS NULL AND coalesce(readings.is_complete, true) AS is_good,
    found.new,
    found.changed,
    found.unchanged,
    found.deleted,
    found.returned,
    found.rejected,
    readings.pages,
    readings.bytes,
    readings.seconds,
    asked.requests,
    greatest(asked.retries, 0) AS retries
FROM last_tries AS last_one
LEFT JOIN run_clouds AS found ON found.run_id = last_one.run_id AND found.cloud = last_one.cloud
LEFT JOIN readings ON readings.run_id = last_one.run_id AND readings.cloud = last_one.cloud
LEFT JOIN asked ON asked.run_id = last_one.run_id AND asked.cloud = last_one.cloud
ORDER BY last_one.cloud, last_one.mode
