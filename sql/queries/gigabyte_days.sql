-- gigabyte_days: How much storage did images use, and how did it grow: GB-days by owner, system, platform or architecture?
-- One row per cloud and group, largest first. Days are UTC. A GB is 10^9 bytes; a GB-day is one GB kept for one day. Multiply
-- by a price to get the cost. An image that another project shares with you counts for its owner. Nothing is counted before the
-- first reading of a cloud, nor after its last one.
-- $by = owner [owner, system, platform, architecture, visibility]: what makes the groups
-- $since = 30 days ago: the first day
-- $until = tomorrow: the day after the last one
WITH asked AS (
    SELECT $by AS by, $since::DATE::TIMESTAMP AS since, $until::DATE::TIMESTAMP AS until
),

bounds AS (
    SELECT
        loaded.cloud,
        any_value(asked.by) AS by,
        greatest(any_value(asked.since), min(runs.started_at)) AS since,
        any_value(asked.until) AS until,
        least(any_value(asked.until), max(runs.started_at)) AS last_at
    FROM run_clouds AS loaded
    JOIN runs ON runs.run_id = loaded.run_id
    CROSS JOIN asked
    GROUP BY loaded.cloud
),

held AS (
    SELECT
        version.cloud,
        version.id,
        CASE bounds.by
            WHEN 'owner' THEN version.owner
            WHEN 'system' THEN systems.system
            WHEN 'platform' THEN nullif(systems.distribution, '')
            WHEN 'architecture' THEN version.architecture
            WHEN 'visibility' THEN version.visibility
        END AS held_by,
        coalesce(version.image_size, version.size, 0) / 1e9 AS gigabytes,
        greatest(version.seen_from, bounds.since) AS held_from,
        least(coalesce(version.seen_to, bounds.last_at), bounds.last_at) AS held_to,
        version.seen_from <= bounds.since AS is_at_start,
        version.seen_to IS NULL OR version.seen_to > bounds.last_at AS is_at_end
    FROM image_versions AS version
    JOIN bounds
        ON bounds.cloud = version.cloud
        AND version.seen_from < bounds.until
        AND version.seen_from <= bounds.last_at
        AND (version.seen_to IS NULL OR version.seen_to > bounds.since)
    LEFT JOIN image_systems AS systems
        ON systems.os_version = coalesce(version.os_version, '')
        AND systems.platform = coalesce(version.platform, '')
        AND systems.os_distro = coalesce(version.os_distro, '')
)

SELECT
    cloud,
    held_by, -- The group; NULL: the images do not say.
    count(DISTINCT id) AS images, -- Images that were there at some time.
    round(coalesce(sum(gigabytes) FILTER (WHERE is_at_start), 0), 1) AS gigabytes_at_start, -- Their size at the start of the first day, or at the first reading if that was later.
    round(coalesce(sum(gigabytes) FILTER (WHERE is_at_end), 0), 1) AS gigabytes_at_end, -- Their size at the end of the last day, or at the last reading if that was earlier.
    round(sum(gigabytes * greatest(epoch(held_to - held_from), 0) / 86400), 1) AS gigabyte_days -- Size times days.
FROM held
GROUP BY cloud, held_by
ORDER BY gigabyte_days DESC, gigabytes_at_end DESC, cloud, held_by
