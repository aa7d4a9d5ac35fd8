-- runs: Which runs were made, how did they end, and what did each find?
-- One row per run, newest first. Times are UTC. Counts are images, over all clouds.
SELECT
    runs.run_id,
    runs.started_at,
    round(epoch(runs.finished_at - runs.started_at), 1) AS seconds,
    runs.mode,
    runs.status,
    coalesce(sum(found.new), 0)::BIGINT AS new,
    coalesce(sum(found.changed), 0)::BIGINT AS changed,
    coalesce(sum(found.unchanged), 0)::BIGINT AS unchanged,
    coalesce(sum(found.deleted), 0)::BIGINT AS deleted,
    coalesce(sum(found.returned), 0)::BIGINT AS returned,
    coalesce(sum(found.rejected), 0)::BIGINT AS rejected,
    coalesce(sum(found.withheld_deletions), 0)::BIGINT AS withheld,
    string_agg(found.error, ' ') AS error
FROM runs
LEFT JOIN run_clouds AS found USING (run_id)
GROUP BY ALL
ORDER BY runs.started_at DESC
