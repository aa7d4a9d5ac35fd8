-- known_clouds: the clouds that the warehouse knows, with their first and last run and the listings that were read.
-- One row per cloud. UTC.
SELECT
    traces.cloud,
    min(runs.started_at) AS first_run_at,
    max(runs.started_at) AS last_run_at,
    coalesce(list(DISTINCT traces.listing ORDER BY traces.listing) FILTER (WHERE traces.listing IS NOT NULL), []) AS listings
FROM (
    SELECT cloud, run_id, listing FROM run_listings
    UNION ALL
    SELECT cloud, run_id, NULL FROM run_clouds
    UNION ALL
    SELECT cloud, run_id, NULL FROM run_targets
    UNION ALL
    SELECT cloud, run_from, NULL FROM image_versions
) AS traces
LEFT JOIN runs ON runs.run_id = traces.run_id
GROUP BY traces.cloud
ORDER BY traces.cloud
