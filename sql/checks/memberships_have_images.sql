-- memberships_have_images: an image that a listing shows is a current image.
-- One row per open membership without a current image.
SELECT membership.cloud, membership.id, membership.listing
FROM listing_memberships AS membership
ANTI JOIN image_versions AS version
    ON version.cloud = membership.cloud AND version.id = membership.id AND version.seen_to IS NULL
WHERE membership.seen_to IS NULL
