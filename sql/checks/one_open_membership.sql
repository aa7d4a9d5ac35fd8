-- one_open_membership: an image is in a listing once at a time, and no membership ends before it begins.
-- One row per image and listing for which that is wrong.
SELECT cloud, id, listing, count(*) AS memberships
FROM listing_memberships
WHERE seen_to IS NULL OR seen_to <= seen_from
GROUP BY cloud, id, listing
HAVING count(*) > 1 OR count(*) FILTER (WHERE seen_to <= seen_from) > 0
