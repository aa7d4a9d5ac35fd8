-- missing_images: current images that this run did not see, although a listing that had them was read whole.
-- One row per image and listing that had it; listing is NULL for an image that no listing had any more.
SELECT version.id, membership.listing
FROM image_versions AS version
LEFT JOIN listing_memberships AS membership
    ON membership.cloud = version.cloud AND membership.id = version.id AND membership.seen_to IS NULL
ANTI JOIN incoming ON incoming.id = version.id
WHERE version.cloud = $cloud
    AND version.seen_to IS NULL
    AND (membership.listing IS NULL OR list_contains($whole_listings, membership.listing))
