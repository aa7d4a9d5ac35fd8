-- image_events: what happened to images. Each event lies between two readings: the last one without it, and the one that found
-- it.
-- One row per cloud, image and event. Times are UTC. What the first reading of a cloud or listing shows was there before: it is
-- `first seen`, not `created`. So is an image that is older than the reading before, such as a new share. `gone` is an image of
-- another project that is no longer visible: it was deleted or withdrawn, and the cloud does not say which. If the end of an
-- image was withheld, the event lies after the last run that saw the image, not after the runs that withheld it.
-- Case: public a | public a min_disk=1, b created_at=2026-11-02T12:00:00Z; private c created_at=2026-11-02T12:00:00Z
-- | public b created_at=2026-11-02T12:00:00Z; private c created_at=2026-11-02T12:00:00Z
-- SELECT id, event, after_run, by_run FROM image_events
-- a, first seen, NULL, run 1
-- a, changed, run 1, run 2
-- a, deleted, run 2, run 3
-- b, created, run 1, run 2
-- c, first seen, NULL, run 2
CREATE OR REPLACE VIEW image_events AS
WITH readings AS (
    SELECT
        listings.cloud,
        unnest(if(listings.listing LIKE 'shared-%', [listings.listing, 'shared-out'], [listings.listing])) AS listing,
        runs.started_at,
        struct_pack(
            started_at := runs.started_at, run_id := runs.run_id, clock := coalesce(listings.watermark, runs.started_at)
        ) AS reading,
        runs.mode <> 'changes' AS is_full
    FROM run_listings AS listings
    JOIN runs ON runs.run_id = listings.run_id
    WHERE listings.complete
),

before AS (
    SELECT
        cloud,
        listing,
        started_at,
        lag(max(reading)) OVER (PARTITION BY cloud, listing ORDER BY started_at) AS reading
    FROM readings
    GROUP BY cloud, listing, started_at
),

runs_before AS (
    SELECT
        cloud,
        started_at,
        any_value(reading) AS reading,
        count(DISTINCT coalesce(reading.run_id, '')) = 1 AS is_the_same
    FROM before
    GROUP BY cloud, started_at
),

-- Only versions that began in a run whose listings had been read at different times, and those of images that have
-- left a listing, need to be looked up by listing.
to_place AS (
    SELECT version.cloud, version.id, version.seen_from
    FROM image_versions AS version
    SEMI JOIN (FROM listing_memberships WHERE seen_to IS NOT NULL) AS membership
        ON membership.cloud = version.cloud AND membership.id = version.id
    UNION
    SELECT version.cloud, version.id, version.seen_from
    FROM image_versions AS version
    SEMI JOIN (FROM runs_before WHERE NOT is_the_same) AS run
        ON run.cloud = version.cloud AND run.started_at = version.seen_from
),

placed AS (
    SELECT version.cloud, version.id, version.seen_from, max(before.reading) AS reading
    FROM to_place AS version
    LEFT JOIN listing_memberships AS membership
        ON membership.cloud = version.cloud
        AND membership.id = version.id
        AND membership.seen_from <= version.seen_from
        AND coalesce(membership.seen_to, TIMESTAMP '9999-12-31') > version.seen_from
    LEFT JOIN before
        ON before.cloud = membership.cloud AND before.listing = membership.listing AND before.started_at = version.seen_from
    GROUP BY version.cloud, version.id, version.seen_from
),

begun AS (
    SELECT
        version.cloud,
        version.id,
        version.name,
        version.created_at,
        version.seen_from,
        version.run_from,
        older.run_from AS run_before,
        ended.seen_to <= version.seen_from AS is_return,
        if(placed.id IS NULL, run.reading, placed.reading) AS reading
    FROM image_versions AS version
    LEFT JOIN (SELECT cloud, id, seen_to, run_from FROM image_versions WHERE end_reason = 'changed') AS older
        ON older.cloud = version.cloud AND older.id = version.id AND older.seen_to = version.seen_from
    LEFT JOIN (
        SELECT cloud, id, min(seen_to) AS seen_to FROM image_versions WHERE end_reason <> 'changed' GROUP BY cloud, id
    ) AS ended
        ON ended.cloud = version.cloud AND ended.id = version.id
    LEFT JOIN runs_before AS run ON run.cloud = version.cloud AND run.started_at = version.seen_from
    LEFT JOIN placed
        ON placed.cloud = version.cloud AND placed.id = version.id AND placed.seen_from = version.seen_from
),

last_memberships AS (
    SELECT
        version.cloud,
        version.id,
        version.seen_to,
        membership.listing,
        least(membership.seen_to, version.seen_to, late.missed_from) AS left_at
    FROM image_versions AS version
    JOIN listing_memberships AS membership
        ON membership.cloud = version.cloud AND membership.id = version.id AND membership.seen_from < version.seen_to
    LEFT JOIN late_ends AS late
        ON late.cloud = version.cloud AND late.id = version.id AND late.seen_to = version.seen_to
    WHERE version.end_reason <> 'changed'
),

last_readings AS (
    SELECT membership.cloud, membership.id, membership.seen_to, max(full_reading.reading) AS reading
    FROM last_memberships AS membership
    ASOF JOIN (FROM readings WHERE is_full) AS full_reading
        ON full_reading.cloud = membership.cloud
        AND full_reading.listing = membership.listing
        AND full_reading.started_at < membership.left_at
    GROUP BY membership.cloud, membership.id, membership.seen_to
)

SELECT
    cloud, -- Name of the cloud, as in the settings.
    id, -- The image's id.
    name, -- The image's name, in the version that the event made or ended.
    seen_from AS happened_at, -- Start of the run that found the event. UTC.
    CASE
        WHEN run_before IS NOT NULL THEN 'changed'
        WHEN is_return THEN 'returned'
        WHEN reading IS NULL OR created_at < reading.clock THEN 'first seen'
        ELSE 'created'
    END AS event, -- first seen, created, changed, deleted, gone, retired or returned.
    run_from AS run_id, -- The run that found the event.
    coalesce(reading.run_id, run_before) AS after_run, -- The last run before it that would have shown the event, and did not; NULL: none.
    run_from AS by_run -- The run that found the event; the same as run_id.
FROM begun
UNION ALL
SELECT
    version.cloud,
    version.id,
    version.name,
    version.seen_to,
    version.end_reason,
    version.run_to,
    coalesce(
        late.answered_in,
        if(
            coalesce(last_reading.reading.started_at, version.seen_from) <= version.seen_from,
            version.run_from,
            last_reading.reading.run_id
        )
    ),
    version.run_to
FROM image_versions AS version
LEFT JOIN late_ends AS late ON late.cloud = version.cloud AND late.id = version.id AND late.seen_to = version.seen_to
LEFT JOIN last_readings AS last_reading
    ON last_reading.cloud = version.cloud AND last_reading.id = version.id AND last_reading.seen_to = version.seen_to
WHERE version.end_reason <> 'changed'
