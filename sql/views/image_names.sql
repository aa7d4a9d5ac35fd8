-- image_names: which image had which name, and when.
-- One row per cloud, owner, name, image and time in which the image had the name and was listed without a break. Times are UTC.
-- An image that only the listing `hidden` shows has no name here: clouds hide images that they replace, and nobody finds such
-- an image by its name.
-- Case: public a name=Ubuntu created_at=2026-10-01T00:00:00Z
-- | public a name=Ubuntu-old created_at=2026-10-01T00:00:00Z, b name=Ubuntu created_at=2026-11-02T09:00:00Z
-- | public b name=Ubuntu created_at=2026-11-02T09:00:00Z
-- SELECT name, id, named_from, named_to FROM image_names
-- Ubuntu, a, 2026-11-02 02:00:00, 2026-11-03 02:00:00
-- Ubuntu-old, a, 2026-11-03 02:00:00, 2026-11-04 02:00:00
-- Ubuntu, b, 2026-11-03 02:00:00, NULL
CREATE OR REPLACE VIEW image_names AS
-- Each `name` is qualified: in id_of it would mean the parameter.
WITH named AS (
    SELECT
        version.cloud,
        version.id,
        version.owner,
        version.name,
        max(created_at) AS created_at,
        max(architecture) AS architecture,
        min(seen_from) AS seen_from,
        max(coalesce(seen_to, TIMESTAMP '9999-12-31')) AS seen_to,
        sum(epoch_us(coalesce(seen_to, TIMESTAMP '9999-12-31')) - epoch_us(seen_from))
        = epoch_us(max(coalesce(seen_to, TIMESTAMP '9999-12-31'))) - epoch_us(min(seen_from)) AS is_unbroken
    FROM image_versions AS version
    WHERE version.name <> ''
    GROUP BY version.cloud, version.id, version.owner, version.name
),

parts AS (
    SELECT
        named.* EXCLUDE (seen_from, seen_to, is_unbroken),
        version.seen_from,
        coalesce(version.seen_to, TIMESTAMP '9999-12-31') AS seen_to,
        count_if(version.seen_from IS DISTINCT FROM version.seen_before) OVER (
            PARTITION BY named.cloud, named.id, named.owner, named.name ORDER BY version.seen_from
        ) AS part
    FROM (
        SELECT older.cloud, older.id, older.owner, older.name, older.seen_from, older.seen_to, lag(older.seen_to) OVER (
            PARTITION BY older.cloud, older.id, older.owner, older.name ORDER BY older.seen_from
        ) AS seen_before
        FROM image_versions AS older
        SEMI JOIN (SELECT cloud, id FROM named WHERE NOT is_unbroken) AS broken
            ON broken.cloud = older.cloud AND broken.id = older.id
    ) AS version
    JOIN (FROM named WHERE NOT is_unbroken) AS named
        ON named.cloud = version.cloud
        AND named.id = version.id
        AND named.owner IS NOT DISTINCT FROM version.owner
        AND named.name = version.name
),

times AS (
    SELECT * EXCLUDE (is_unbroken) FROM named WHERE is_unbroken
    UNION ALL
    SELECT cloud, id, owner, parts.name, created_at, architecture, min(seen_from), max(seen_to)
    FROM parts
    GROUP BY cloud, id, owner, parts.name, created_at, architecture, part
),

memberships AS (
    SELECT cloud, id, min(seen_from) AS seen_from, max(coalesce(seen_to, TIMESTAMP '9999-12-31')) AS seen_to, count(*) AS memberships
    FROM listing_memberships
    WHERE listing <> 'hidden'
    GROUP BY cloud, id
),

several AS (
    SELECT
        cloud,
        id,
        seen_from,
        seen_to,
        count_if(left_before IS NULL OR seen_from > left_before) OVER (PARTITION BY cloud, id ORDER BY seen_from, seen_to) AS part
    FROM (
        SELECT
            membership.cloud,
            membership.id,
            membership.seen_from,
            coalesce(membership.seen_to, TIMESTAMP '9999-12-31') AS seen_to,
            max(coalesce(membership.seen_to, TIMESTAMP '9999-12-31')) OVER (
                PARTITION BY membership.cloud, membership.id ORDER BY membership.seen_from, coalesce(membership.seen_to, TIMESTAMP '9999-12-31')
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS left_before
        FROM listing_memberships AS membership
        SEMI JOIN (SELECT cloud, id FROM memberships WHERE memberships > 1) AS moved ON moved.cloud = membership.cloud AND moved.id = membership.id
        WHERE membership.listing <> 'hidden'
    )
),

listed AS (
    SELECT cloud, id, seen_from, seen_to FROM memberships WHERE memberships = 1
    UNION ALL
    SELECT cloud, id, min(seen_from), max(seen_to) FROM several GROUP BY cloud, id, part
)

SELECT
    times.cloud AS cloud, -- Name of the cloud, as in the settings.
    times.owner AS owner, -- Project that owned the image.
    times.name AS name, -- The name.
    times.id AS id, -- The image that had it.
    times.created_at AS created_at, -- When that image was created. UTC.
    times.architecture AS architecture, -- Its processor architecture; NULL: the image does not say.
    greatest(times.seen_from, listed.seen_from) AS named_from, -- Start of the run that first saw it listed with the name. UTC.
    nullif(least(times.seen_to, listed.seen_to), TIMESTAMP '9999-12-31') AS named_to -- Start of the first run that no longer did; NULL: it has the name now. UTC.
FROM times
JOIN listed
    ON listed.cloud = times.cloud
    AND listed.id = times.id
    AND listed.seen_from < times.seen_to
    AND listed.seen_to > times.seen_from
