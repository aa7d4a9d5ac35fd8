-- image_listings: which listings showed each image, and when.
-- One row per cloud, image and time in which the same listings showed it, from the first sighting on. Times are UTC. The list
-- is empty while no listing showed the image: before the first one did, while the image was unlisted, and after its end.
-- Case: public a; private b | public a; private a, b | public a; private -
-- SELECT id, listings, shown_from, shown_to FROM image_listings
-- a, ['public'], 2026-11-02 02:00:00, 2026-11-03 02:00:00
-- a, ['private', 'public'], 2026-11-03 02:00:00, 2026-11-04 02:00:00
-- a, ['public'], 2026-11-04 02:00:00, NULL
-- b, ['private'], 2026-11-02 02:00:00, 2026-11-04 02:00:00
-- b, [], 2026-11-04 02:00:00, NULL
CREATE OR REPLACE VIEW image_listings AS
WITH sightings AS (
    SELECT cloud, id, min(seen_from) AS first_seen FROM image_versions GROUP BY cloud, id
),

-- Nearly all images have been in one listing since they were first seen: those need no lists of memberships.
lone AS (
    SELECT sightings.cloud, sightings.id, sightings.first_seen, membership.listing, membership.seen_to
    FROM (
        SELECT cloud, id, min(listing) AS listing, min(seen_from) AS seen_from, min(seen_to) AS seen_to
        FROM listing_memberships
        GROUP BY cloud, id
        HAVING count(*) = 1
    ) AS membership
    JOIN sightings
        ON sightings.cloud = membership.cloud AND sightings.id = membership.id AND sightings.first_seen = membership.seen_from
),

others AS (
    SELECT
        sightings.cloud,
        sightings.id,
        sightings.first_seen,
        list(struct_pack(listing := membership.listing, seen_from := membership.seen_from, seen_to := membership.seen_to)) AS memberships
    FROM sightings
    ANTI JOIN lone ON lone.cloud = sightings.cloud AND lone.id = sightings.id
    LEFT JOIN listing_memberships AS membership ON membership.cloud = sightings.cloud AND membership.id = sightings.id
    GROUP BY sightings.cloud, sightings.id, sightings.first_seen
),

turns AS (
    SELECT
        *,
        list_sort(list_distinct(
            [first_seen]
            || [membership.seen_from FOR membership IN memberships IF membership.seen_from > first_seen]
            || [membership.seen_to FOR membership IN memberships IF membership.seen_to IS NOT NULL]
        )) AS turned_at
    FROM others
),

periods AS (
    SELECT
        cloud, id, first_seen, memberships, unnest(turned_at) AS shown_from, unnest(turned_at[2:] || [NULL]) AS shown_to
    FROM turns
)

SELECT
    cloud, -- Name of the cloud, as in the settings.
    id, -- The image's id.
    [listing] AS listings, -- The listings that showed the image then, sorted.
    first_seen AS shown_from, -- Start of the run that first saw it in these listings. UTC.
    seen_to AS shown_to, -- Start of the first run that saw it in others; NULL: it is in these now. UTC.
    first_seen -- Start of the run that first saw the image, in any version. UTC.
FROM lone
UNION ALL
SELECT cloud, id, [], seen_to, NULL, first_seen
FROM lone
WHERE seen_to IS NOT NULL
UNION ALL
SELECT
    cloud,
    id,
    list_sort([
        membership.listing FOR membership IN memberships
        IF membership.seen_from <= shown_from AND (membership.seen_to IS NULL OR membership.seen_to > shown_from)
    ]),
    shown_from,
    shown_to,
    first_seen
FROM periods
