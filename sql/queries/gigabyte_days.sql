-- gigabyte_days: How much storage did images use, and how did it grow: GB-days by owner, system, platform or architecture?
-- One row per cloud and group, largest first. Days are UTC. A GB is 10^9 bytes; a GB-day is one GB kept for one day. Multiply
-- by a price to get the cost. An image that another project shares with you counts for its owner.
-- $by = owner: owner, system, platform, architecture or visibility
-- $since = this month: the first day
-- $until = today: the day after the last one
WITH bounds AS (
    SELECT $since::DATE::TIMESTAMP AS since, $until::DATE::TIMESTAMP AS until
),

held AS (
    SELECT
        version.cloud,
        version.id,
        CASE $by
            WHEN 'owner' THEN version.owner
            WHEN 'system' THEN systems.system
            WHEN 'platform' THEN nullif(systems.distribution, '')
            WHEN 'architecture' THEN version.architecture
            WHEN 'visibility' THEN version.visibility
        END AS held_by,
        coalesce(version.image_size, version.size, 0) / 1e9 AS gigabytes,
        greatest(version.seen_from, bounds.since) AS held_from,
        least(coalesce(version.seen_to, bounds.until), bounds.until) AS held_to,
        version.seen_from <= bounds.since AS is_at_start,
        version.seen_to IS NULL OR version.seen_to > bounds.until AS is_at_end
    FROM image_versions AS version
    JOIN bounds ON version.seen_from < bounds.until AND (version.seen_to IS NULL OR version.seen_to > bounds.since)
    LEFT JOIN image_systems AS systems
        ON systems.os_version = coalesce(version.os_version, '')
        AND systems.platform = coalesce(version.platform, '')
        AND systems.os_distro = coalesce(version.os_distro, '')
)

SELECT
    cloud,
    held_by,
    count(DISTINCT id) AS images,
    round(coalesce(sum(gigabytes) FILTER (WHERE is_at_start), 0), 1) AS gigabytes_at_start,
    round(coalesce(sum(gigabytes) FILTER (WHERE is_at_end), 0), 1) AS gigabytes_at_end,
    round(sum(gigabytes * epoch(held_to - held_from) / 86400), 1) AS gigabyte_days
FROM held
GROUP BY cloud, held_by
ORDER BY gigabyte_days DESC, cloud, held_by
