-- freshness: how old the last full reading of each listing is, and how the last run went.
-- One row per cloud and listing. The listings are those of the cloud's last full run over all listings; before there was one,
-- those of any run. Times are UTC. A changes run is not a full reading: it does not see deletions. max(age_hours) of a cloud
-- says how old the knowledge of the whole cloud is. What was retired, and not read since, is left out.
-- Case: public a; private - | changes: public a
-- SELECT listing, images, last_full_at, last_changes_at, is_good FROM freshness
-- public, 1, 2026-11-02 02:00:00, 2026-11-03 02:00:00, True
-- private, 0, 2026-11-02 02:00:00, NULL, True
CREATE OR REPLACE VIEW freshness AS
WITH readings AS (
    SELECT listings.run_id, listings.cloud, listings.listing, listings.complete, listings.error, runs.started_at, runs.mode
    FROM run_listings AS listings
    JOIN runs ON runs.run_id = listings.run_id
),

whole_runs AS (
    SELECT readings.cloud, max(readings.started_at) AS started_at
    FROM readings
    SEMI JOIN (SELECT run_id, cloud FROM run_targets WHERE is_whole) AS targets
        ON targets.run_id = readings.run_id AND targets.cloud = readings.cloud
    WHERE readings.mode = 'full'
    GROUP BY readings.cloud
),

unloaded AS (
    SELECT
        attempt.run_id,
        attempt.cloud,
        runs.started_at,
        if(runs.status = 'running' AND NOT is_long, NULL, false) AS complete,
        CASE
            WHEN runs.status <> 'running' THEN coalesce(found.error, attempt.error, 'the run ended before it loaded this cloud')
            WHEN is_long THEN 'the run has been running for more than a day: it died, or hangs'
        END AS error
    FROM (
        SELECT run_id, cloud, max(error) AS error
        FROM (
            SELECT run_id, cloud, error FROM run_targets WHERE is_whole
            UNION ALL
            SELECT run_id, cloud, NULL FROM run_clouds WHERE error IS NOT NULL
        )
        GROUP BY run_id, cloud
    ) AS attempt
    JOIN (
        SELECT *, started_at < make_timestamp(epoch_us(now())) - INTERVAL 1 DAY AS is_long FROM runs
    ) AS runs
        ON runs.run_id = attempt.run_id
    LEFT JOIN run_clouds AS found ON found.run_id = attempt.run_id AND found.cloud = attempt.cloud
    ANTI JOIN run_listings AS listings ON listings.run_id = attempt.run_id AND listings.cloud = attempt.cloud
    WHERE found.run_id IS NULL OR found.error IS NOT NULL
),

expected AS (
    SELECT DISTINCT readings.cloud, readings.listing
    FROM readings
    LEFT JOIN whole_runs ON whole_runs.cloud = readings.cloud
    WHERE whole_runs.cloud IS NULL OR readings.started_at = whole_runs.started_at
    UNION ALL
    SELECT DISTINCT unloaded.cloud, NULL
    FROM unloaded
    ANTI JOIN readings ON readings.cloud = unloaded.cloud
),

tries AS (
    SELECT run_id, cloud, listing, complete, error, started_at FROM readings
    UNION ALL
    SELECT unloaded.run_id, unloaded.cloud, expected.listing, unloaded.complete, unloaded.error, unloaded.started_at
    FROM unloaded
    JOIN expected ON expected.cloud = unloaded.cloud
),

last_tries AS (
    SELECT
        cloud,
        listing,
        max(started_at) AS started_at,
        min(started_at) AS first_tried_at,
        max_by(run_id, started_at) AS run_id,
        max_by(struct_pack(complete := complete, error := error), started_at) AS found
    FROM tries
    GROUP BY cloud, listing
),

whole_readings AS (
    SELECT
        cloud,
        listing,
        max(started_at) AS any_at,
        max(started_at) FILTER (WHERE mode <> 'changes') AS full_at,
        max(started_at) FILTER (WHERE mode = 'changes') AS changes_at
    FROM readings
    WHERE complete
    GROUP BY cloud, listing
),

retired AS (
    SELECT cloud, listing, max(retired_at) AS retired_at FROM retirements GROUP BY cloud, listing
),

memberships AS (
    SELECT cloud, listing, count(*) AS images FROM listing_memberships WHERE seen_to IS NULL GROUP BY cloud, listing
)

SELECT
    expected.cloud AS cloud, -- Name of the cloud, as in the settings.
    expected.listing AS listing, -- Name of the listing; NULL: no run has read any listing of the cloud yet.
    coalesce(memberships.images, 0) AS images, -- Images in the listing now, without those that the account shares with others.
    whole.full_at AS last_full_at, -- Start of the last full run that read it to its end, and so saw deletions. UTC.
    round(epoch(make_timestamp(epoch_us(now())) - coalesce(whole.full_at, tried.first_tried_at)) / 3600, 2) AS age_hours, -- Time since last_full_at, or since the first try if no full run has read it. Unit: h.
    whole.changes_at AS last_changes_at, -- Start of the last changes run that read it to its end; such a run sees no deletions. UTC.
    whole.any_at AS last_good_at, -- Start of the last run of any kind that read it to its end; NULL: none did. UTC.
    tried.started_at AS last_tried_at, -- Start of the last run that had to read it, even if it did not get that far. UTC.
    tried.run_id AS last_run, -- The last run that had to read it.
    tried.found.complete AS is_good, -- Whether that run read it to its end; NULL: it is still running, or died less than a day ago.
    tried.found.error AS error -- Why it did not; NULL if it did.
FROM expected
JOIN last_tries AS tried ON tried.cloud = expected.cloud AND tried.listing IS NOT DISTINCT FROM expected.listing
LEFT JOIN whole_readings AS whole ON whole.cloud = expected.cloud AND whole.listing = expected.listing
LEFT JOIN memberships ON memberships.cloud = expected.cloud AND memberships.listing = expected.listing
LEFT JOIN retired AS retired_cloud ON retired_cloud.cloud = expected.cloud AND retired_cloud.listing IS NULL
LEFT JOIN retired AS retired_listing
    ON retired_listing.cloud = expected.cloud AND retired_listing.listing = expected.listing
WHERE tried.started_at > coalesce(greatest(retired_cloud.retired_at, retired_listing.retired_at), TIMESTAMP '0001-01-01')
