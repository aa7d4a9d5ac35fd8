-- missing_images: current images that this run did not see, although a listing that had them was read whole.
-- One row per image and listing that had it; listing is NULL for an image that no listing had any more.
-- One step after the other: two hash tables of a million images at once would not fit into the load's memory.
WITH unseen AS MATERIALIZED (
    SELECT version.id
    FROM image_versions AS version
    ANTI JOIN incoming ON incoming.id = version.id
    WHERE version.cloud = $cloud AND version.seen_to IS NULL
),

stays AS MATERIALIZED (
    SELECT membership.id, membership.listing
    FROM listing_memberships AS membership
    SEMI JOIN unseen ON unseen.id = membership.id
    WHERE membership.cloud = $cloud AND membership.seen_to IS NULL
)

SELECT unseen.id, stays.listing
FROM unseen
LEFT JOIN stays ON stays.id = unseen.id
WHERE stays.listing IS NULL OR list_contains($whole_listings, stays.listing)
