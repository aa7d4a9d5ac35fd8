-- end_retired_memberships: end the memberships in retiring.
UPDATE listing_memberships
SET seen_to = $retired_at
FROM retiring
WHERE listing_memberships.cloud = $cloud
    AND listing_memberships.id = retiring.id
    AND listing_memberships.listing = retiring.listing
    AND listing_memberships.seen_to IS NULL
