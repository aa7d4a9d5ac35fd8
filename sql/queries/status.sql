-- status: How is each cloud doing: when was all of it last read in full, what is there, and how did the last run go?
-- One row per cloud. If an account has many clouds, each of them has a row, and the account has none. Times are UTC. The words for
-- a status are those of `sync`: completed, partial, failed, running.
-- $now = now: the time for which to compute the age
WITH attempts AS (
    SELECT
        attempt.run_id,
        attempt.cloud,
        runs.started_at,
        runs.mode,
        runs.status,
        target.error,
        runs.mode = 'full' AND coalesce(target.is_whole, true) AS is_full
    FROM (SELECT run_id, cloud FROM run_targets UNION SELECT run_id, cloud FROM run_clouds) AS attempt
    JOIN runs ON runs.run_id = attempt.run_id
    LEFT JOIN run_targets AS target ON target.run_id = attempt.run_id AND target.cloud = attempt.cloud
),
-- Only these runs are looked at closer: a history of years has many others.
last_attempts AS (
    SELECT * FROM attempts
    QUALIFY row_number() OVER (PARTITION BY cloud ORDER BY started_at DESC) = 1
        OR (is_full AND row_number() OVER (PARTITION BY cloud, is_full ORDER BY started_at DESC) = 1)
),
listings AS (
    SELECT
        run_id,
        cloud,
        bool_and(all_complete) AS all_complete,
        bool_or(any_complete) AS any_complete,
        array_to_string((list(error ORDER BY first_listing) FILTER (WHERE error IS NOT NULL))[1:3], ' ')
        || if(count(error) > 3, ' And ' || (count(error) - 3) || ' more: see faulty_runs.', '') AS errors
    FROM (
        SELECT
            listing.run_id,
            listing.cloud,
            listing.error,
            bool_and(listing.complete) AS all_complete,
            bool_or(listing.complete) AS any_complete,
            min(listing.listing) AS first_listing
        FROM run_listings AS listing
        SEMI JOIN last_attempts AS attempt ON attempt.run_id = listing.run_id AND attempt.cloud = listing.cloud
        GROUP BY listing.run_id, listing.cloud, listing.error
    )
    GROUP BY run_id, cloud
),
readings AS (
    SELECT
        attempt.run_id,
        attempt.cloud,
        attempt.started_at,
        attempt.mode,
        attempt.is_full,
        CASE
            WHEN found.run_id IS NULL THEN if(attempt.status = 'running', 'running', 'failed')
            WHEN listings.run_id IS NULL THEN if(found.error IS NULL, 'completed', 'failed')
            WHEN listings.all_complete AND found.error IS NULL THEN 'completed'
            ELSE if(listings.any_complete, 'partial', 'failed')
        END AS status,
        CASE
            WHEN found.run_id IS NOT NULL THEN nullif(concat_ws(' ', found.error, listings.errors), '')
            WHEN attempt.status <> 'running' THEN coalesce(attempt.error, 'the run ended before it loaded this cloud')
        END AS error,
        found.new,
        found.changed,
        found.deleted
    FROM last_attempts AS attempt
    LEFT JOIN run_clouds AS found ON found.run_id = attempt.run_id AND found.cloud = attempt.cloud
    LEFT JOIN listings ON listings.run_id = attempt.run_id AND listings.cloud = attempt.cloud
),
last_readings AS (
    SELECT * FROM readings QUALIFY row_number() OVER (PARTITION BY cloud ORDER BY started_at DESC) = 1
),
last_full_readings AS (
    SELECT * FROM readings
    WHERE is_full
    QUALIFY row_number() OVER (PARTITION BY cloud ORDER BY started_at DESC) = 1
),
ages AS (
    SELECT
        cloud,
        if(count(*) = count(last_full_at), min(last_full_at), NULL) AS full_at,
        if(count(*) = count(last_changes_at), min(last_changes_at), NULL) AS changes_at
    FROM freshness
    GROUP BY cloud
)
SELECT
    last_one.cloud,
    ages.full_at AS last_good_at, -- Start of the last run since which every listing has been read in full; NULL: that never happened. UTC.
    round(epoch($now::TIMESTAMP - ages.full_at) / 3600, 1) AS age_hours, -- Hours since then.
    ages.changes_at AS last_changes_at, -- Start of the last reading of changes that covers every listing; NULL: none. UTC.
    coalesce(current_images.images, 0) AS images, -- Images that are there now.
    last_one.run_id AS last_run, -- The last run that had to read this cloud.
    last_one.mode, -- full or changes.
    last_one.status AS last_status, -- How that run ended for this cloud: completed, partial, failed or running.
    last_full.status AS last_full_status, -- The same of the last full run.
    last_one.new, -- Images that the last run had never seen before.
    last_one.changed, -- Images whose content changed in the last run.
    last_one.deleted, -- Images that ended in the last run.
    coalesce(withheld.images, 0) AS withheld, -- Deletions that are withheld now.
    coalesce(withheld.to_decide, 0) AS to_decide, -- How many of them a person must decide about.
    coalesce(last_one.error, 'run ' || last_full.run_id || ': ' || last_full.error) AS error -- Why the last run, or the last full run, is not completed.
FROM last_readings AS last_one
LEFT JOIN last_full_readings AS last_full ON last_full.cloud = last_one.cloud
LEFT JOIN ages ON ages.cloud = last_one.cloud
LEFT JOIN (SELECT cloud, count(*) AS images FROM image_versions WHERE seen_to IS NULL GROUP BY cloud) AS current_images
    ON current_images.cloud = last_one.cloud
LEFT JOIN (
    SELECT kept.cloud, count(*) AS images, count(*) FILTER (WHERE kept.reason = 'too many') AS to_decide
    FROM withheld_deletions AS kept
    SEMI JOIN (SELECT cloud, id FROM image_versions WHERE seen_to IS NULL) AS there
        ON there.cloud = kept.cloud AND there.id = kept.id
    GROUP BY kept.cloud
) AS withheld
    ON withheld.cloud = last_one.cloud
LEFT JOIN (SELECT cloud, max(retired_at) AS retired_at FROM retirements WHERE listing IS NULL GROUP BY cloud) AS retired
    ON retired.cloud = last_one.cloud
-- A run that could not ask an account for its clouds, and knew none, is recorded under the account's name.
LEFT JOIN (
    SELECT settings_name, NOT bool_or(cloud = settings_name) AS is_no_cloud
    FROM clouds
    GROUP BY settings_name
) AS account
    ON account.settings_name = last_one.cloud AND account.is_no_cloud
WHERE account.settings_name IS NULL AND (retired.retired_at IS NULL OR last_one.started_at > retired.retired_at)
ORDER BY last_one.cloud
