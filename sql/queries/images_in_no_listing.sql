-- images_in_no_listing: Which images does no listing show, although they still answer by id?
-- One row per image, longest unlisted first. Times are UTC. Clouds hide images that were replaced; servers that name their id
-- still start.
SELECT
    images.cloud,
    images.name,
    images.id,
    images.owner,
    images.visibility,
    images.os_hidden,
    round(images.bytes / 1e9, 2) AS gigabytes, -- Size of the image file. Unit: 10^9 bytes.
    coalesce(membership.left_at, images.first_seen) AS unlisted_since, -- Start of the run that first missed it in its last listing. UTC.
    images.successor
FROM images
LEFT JOIN (SELECT cloud, id, max(seen_to) AS left_at FROM listing_memberships GROUP BY cloud, id) AS membership
    ON membership.cloud = images.cloud AND membership.id = images.id
WHERE images.state = 'unlisted'
ORDER BY unlisted_since, images.cloud, images.name, images.id
