-- unlisted_images_are_in_no_listing: a current image with the state unlisted is in no listing.
-- One row per image that is in one.
SELECT version.cloud, version.id, membership.listing
FROM image_versions AS version
JOIN listing_memberships AS membership
    ON membership.cloud = version.cloud AND membership.id = version.id AND membership.seen_to IS NULL
WHERE version.seen_to IS NULL AND version.state = 'unlisted'
