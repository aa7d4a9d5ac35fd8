-- ended_memberships: memberships that have ended: a listing that was read to its end no longer showed the image, it is gone,
-- or another listing showed it that excludes the one it was in, whether or not the old one was read.
-- One row per image and listing. Withheld images (temporary table withheld, a row per id) stay where they were.
-- On plain OpenStack any two listings exclude each other: an image has one visibility, one status as a member, and is
-- hidden or not. On IMS `private` is every image that the account owns, also one that it shares, publishes or sells.
-- One step after the other, as in missing_images.
CREATE OR REPLACE TEMP TABLE ended_memberships AS
WITH not_shown AS MATERIALIZED (
    SELECT membership.id, membership.listing
    FROM listing_memberships AS membership
    ANTI JOIN incoming_memberships AS seen ON seen.id = membership.id AND seen.listing = membership.listing
    WHERE membership.cloud = $cloud AND membership.seen_to IS NULL
),

elsewhere AS MATERIALIZED (
    SELECT DISTINCT not_shown.id, not_shown.listing
    FROM incoming_memberships AS seen
    JOIN not_shown
        ON not_shown.id = seen.id
        AND (
            $dialect = 'openstack'
            OR NOT (
                (not_shown.listing = 'private' AND seen.listing IN ('public', 'market', 'shared-out'))
                OR (seen.listing = 'private' AND not_shown.listing IN ('public', 'market', 'shared-out'))
            )
        )
)

SELECT not_shown.id, not_shown.listing
FROM not_shown
ANTI JOIN withheld ON withheld.id = not_shown.id
LEFT JOIN gone ON gone.id = not_shown.id
LEFT JOIN elsewhere ON elsewhere.id = not_shown.id AND elsewhere.listing = not_shown.listing
WHERE list_contains($whole_listings, not_shown.listing) OR gone.id IS NOT NULL OR elsewhere.id IS NOT NULL
