-- runs: Which runs were made, how did they end, and what did each find?
-- One row per run, newest first. Times are UTC. Counts are images, over all clouds. `clouds` says how many clouds the run
-- completed, for each name in the settings: `prod 198 of 200`. One name may stand for many clouds of an account.
WITH incomplete AS (SELECT DISTINCT run_id, cloud FROM run_listings WHERE NOT complete),

attempts AS (
    SELECT
        attempt.run_id,
        coalesce(clouds.settings_name, attempt.cloud) AS settings_name,
        found.cloud IS NOT NULL AND found.error IS NULL AND incomplete.cloud IS NULL AS is_completed
    FROM (SELECT run_id, cloud FROM run_targets UNION SELECT run_id, cloud FROM run_clouds) AS attempt
    LEFT JOIN run_clouds AS found ON found.run_id = attempt.run_id AND found.cloud = attempt.cloud
    LEFT JOIN incomplete ON incomplete.run_id = attempt.run_id AND incomplete.cloud = attempt.cloud
    LEFT JOIN clouds ON clouds.cloud = attempt.cloud
),

by_settings AS (
    SELECT run_id, settings_name, count(*) AS clouds, count(*) FILTER (WHERE is_completed) AS completed
    FROM attempts
    GROUP BY run_id, settings_name
),

by_run AS (
    SELECT run_id, string_agg(settings_name || ' ' || completed || ' of ' || clouds, ', ' ORDER BY settings_name) AS clouds
    FROM by_settings
    GROUP BY run_id
),

faults AS (
    SELECT run_id, cloud, listing, error FROM run_listings WHERE NOT complete
    UNION ALL
    SELECT run_id, cloud, '', error FROM run_clouds
    UNION ALL
    SELECT run_id, cloud, '', error FROM run_targets
),

reasons AS (
    SELECT
        run_id,
        array_to_string(list(error ORDER BY cloud, listing)[1:3], ' ')
        || if(count(*) > 3, ' And ' || (count(*) - 3) || ' more: see faulty_runs.', '') AS error
    FROM (SELECT run_id, error, min(cloud) AS cloud, min(listing) AS listing FROM faults WHERE error IS NOT NULL GROUP BY run_id, error)
    GROUP BY run_id
)

SELECT
    runs.run_id, -- The run.
    runs.started_at, -- Start of the run. UTC.
    round(epoch(runs.finished_at - runs.started_at), 1) AS seconds, -- From its start to its end; NULL: it has not ended.
    runs.mode, -- full, changes, replay, retire or rename.
    runs.status, -- running, completed, partial (something failed or was withheld) or failed (nothing was loaded).
    coalesce(sum(found.new), 0)::BIGINT AS new, -- Images never seen before.
    coalesce(sum(found.changed), 0)::BIGINT AS changed, -- Images whose content changed.
    coalesce(sum(found.unchanged), 0)::BIGINT AS unchanged, -- Images as they were before.
    coalesce(sum(found.deleted), 0)::BIGINT AS deleted, -- Images that ended.
    coalesce(sum(found.returned), 0)::BIGINT AS returned, -- Images that had ended and are there again.
    coalesce(sum(found.rejected), 0)::BIGINT AS rejected, -- Values, and whole images, that did not fit.
    coalesce(sum(found.withheld_deletions), 0)::BIGINT AS withheld, -- Images that no listing showed, but that did not end.
    by_run.clouds, -- How many clouds the run completed, for each name in the settings.
    coalesce(runs.error, reasons.error) AS error -- Why the run is not completed, at most three reasons; NULL: nothing failed.
FROM runs
LEFT JOIN run_clouds AS found ON found.run_id = runs.run_id
LEFT JOIN by_run ON by_run.run_id = runs.run_id
LEFT JOIN reasons ON reasons.run_id = runs.run_id
GROUP BY ALL
ORDER BY runs.started_at DESC
