-- end_memberships: end the memberships in ended_memberships.
UPDATE listing_memberships
SET seen_to = $started_at
FROM ended_memberships AS ended
WHERE listing_memberships.cloud = $cloud
    AND listing_memberships.id = ended.id
    AND listing_memberships.listing = ended.listing
    AND listing_memberships.seen_to IS NULL
