-- image_moves: images that moved from one listing to another, such as a share that was accepted or rejected.
-- One row per cloud, image and move. Times are UTC. A move also counts if a run saw the image in both listings, or in neither.
-- It does not count if the image ended in between.
-- Case: public c; shared-pending a, b; shared-accepted -
-- | public c; shared-pending b; shared-accepted a
-- SELECT id, from_listing, to_listing, moved_at FROM image_moves
-- a, shared-pending, shared-accepted, 2026-11-03 02:00:00
CREATE OR REPLACE VIEW image_moves AS
WITH pairs AS (
    SELECT
        was.cloud,
        was.id,
        was.listing AS from_listing,
        became.listing AS to_listing,
        was.seen_to AS left_at,
        became.seen_from AS moved_at,
        row_number() OVER (
            PARTITION BY was.cloud, was.id, became.listing, became.seen_from ORDER BY was.seen_to DESC, was.listing
        ) AS nearness
    FROM listing_memberships AS was
    JOIN listing_memberships AS became
        ON became.cloud = was.cloud
        AND became.id = was.id
        AND became.listing <> was.listing
        AND became.seen_from > was.seen_from
        AND coalesce(became.seen_to, TIMESTAMP '9999-12-31') >= was.seen_to
    WHERE was.seen_to IS NOT NULL
        -- The account's own image may be in these two at once.
        AND (
            became.seen_from >= was.seen_to
            OR NOT (
                (was.listing = 'private' AND became.listing IN ('public', 'market', 'shared-out'))
                OR (became.listing = 'private' AND was.listing IN ('public', 'market', 'shared-out'))
            )
        )
),

moves AS (
    SELECT *
    FROM pairs
    ANTI JOIN (SELECT cloud, id, seen_to FROM image_versions WHERE end_reason <> 'changed') AS ended
        ON ended.cloud = pairs.cloud
        AND ended.id = pairs.id
        AND ended.seen_to >= pairs.left_at
        AND ended.seen_to <= pairs.moved_at
    WHERE pairs.nearness = 1
)

SELECT
    moves.cloud AS cloud, -- Name of the cloud, as in the settings.
    moves.id AS id, -- The image's id.
    version.name AS name, -- The image's name then.
    version.owner AS owner, -- Project that owns the image.
    moves.from_listing AS from_listing, -- The listing that it was in.
    moves.to_listing AS to_listing, -- The listing that it was in from then on.
    moves.moved_at AS moved_at -- Start of the run that first saw it in its new listing. UTC.
FROM moves
JOIN image_versions AS version
    ON version.cloud = moves.cloud
    AND version.id = moves.id
    AND version.seen_from <= moves.moved_at
    AND coalesce(version.seen_to, TIMESTAMP '9999-12-31') > moves.moved_at
