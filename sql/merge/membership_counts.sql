-- membership_counts: how many different images each listing showed in this run.
-- One row per listing.
SELECT listing, count(*) AS images
FROM incoming_memberships
GROUP BY listing
