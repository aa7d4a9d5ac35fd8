-- control_images: for each listing, a few of the images that it showed in this run, if possible with ids that fit into a URL.
-- One row per listing.
SELECT
    listing,
    coalesce(
        min(id, $most) FILTER (WHERE regexp_full_match(id, '[A-Za-z0-9._~-]*[A-Za-z0-9_~-][A-Za-z0-9._~-]*')),
        min(id, $most)
    ) AS ids
FROM incoming_memberships
GROUP BY listing
