-- growth_by_month: How did the catalogue grow, month by month: by listing, owner, system, platform or architecture?
-- One row per cloud, group and month, from the month in which the group was first seen: its state at the end of the month, or at
-- the last reading, and the difference from the month before. By listing, an image in several listings counts in each of them.
-- $by = listing [listing, owner, system, platform, architecture, visibility]: what makes the groups
WITH asked AS (
    SELECT $by AS by
),

months AS (
    SELECT
        loaded.cloud,
        asked.by,
        unnest(generate_series(date_trunc('month', min(runs.started_at)), date_trunc('month', max(runs.started_at)), INTERVAL 1 MONTH)) AS month
    FROM run_clouds AS loaded
    JOIN runs ON runs.run_id = loaded.run_id
    CROSS JOIN asked
    GROUP BY loaded.cloud, asked.by
),

there AS (
    SELECT
        months.cloud,
        months.by,
        months.month,
        version.id,
        version.owner,
        version.os_version,
        version.platform,
        version.os_distro,
        version.architecture,
        version.visibility,
        coalesce(version.image_size, version.size, 0) AS bytes
    FROM months
    JOIN image_versions AS version
        ON version.cloud = months.cloud
        AND version.seen_from < months.month + INTERVAL 1 MONTH
        AND coalesce(version.seen_to, TIMESTAMP '9999-12-31') >= months.month + INTERVAL 1 MONTH
),

listed AS (
    SELECT there.cloud, there.month, there.bytes, membership.listing AS held_by
    FROM there
    JOIN listing_memberships AS membership
        ON membership.cloud = there.cloud
        AND membership.id = there.id
        AND membership.seen_from < there.month + INTERVAL 1 MONTH
        AND coalesce(membership.seen_to, TIMESTAMP '9999-12-31') >= there.month + INTERVAL 1 MONTH
    WHERE there.by = 'listing'
),

grouped AS (
    SELECT
        there.cloud,
        there.month,
        there.bytes,
        CASE there.by
            WHEN 'owner' THEN there.owner
            WHEN 'system' THEN systems.system
            WHEN 'platform' THEN nullif(systems.distribution, '')
            WHEN 'architecture' THEN there.architecture
            WHEN 'visibility' THEN there.visibility
        END AS held_by
    FROM there
    LEFT JOIN image_systems AS systems
        ON systems.os_version = coalesce(there.os_version, '')
        AND systems.platform = coalesce(there.platform, '')
        AND systems.os_distro = coalesce(there.os_distro, '')
    WHERE there.by <> 'listing'
),

counted AS (
    SELECT cloud, held_by, month, count(*) AS images, sum(bytes) AS bytes
    FROM (FROM listed UNION ALL BY NAME FROM grouped)
    GROUP BY cloud, held_by, month
),

series AS (
    SELECT months.cloud, months.month, kinds.held_by
    FROM months
    JOIN (SELECT cloud, held_by, min(month) AS since FROM counted GROUP BY cloud, held_by) AS kinds
        ON kinds.cloud = months.cloud AND kinds.since <= months.month
)

SELECT
    series.cloud,
    series.held_by, -- The group, such as the listing or the owner; NULL: the images do not say.
    strftime(series.month, '%Y-%m') AS month, -- The month, in UTC.
    coalesce(counted.images, 0) AS images, -- Images at the end of the month.
    coalesce(counted.images, 0) - lag(coalesce(counted.images, 0)) OVER by_group AS more_images, -- How many more than a month before; NULL in the first month.
    round(coalesce(counted.bytes, 0) / 1e9, 1) AS gigabytes, -- Their size. Unit: 10^9 bytes.
    round((coalesce(counted.bytes, 0) - lag(coalesce(counted.bytes, 0)) OVER by_group) / 1e9, 1) AS more_gigabytes -- How much more than a month before.
FROM series
LEFT JOIN counted
    ON counted.cloud = series.cloud AND counted.month = series.month AND counted.held_by IS NOT DISTINCT FROM series.held_by
WINDOW by_group AS (PARTITION BY series.cloud, series.held_by ORDER BY series.month)
ORDER BY series.cloud, series.held_by, series.month
