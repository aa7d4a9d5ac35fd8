-- ended_memberships: stays in a listing that are over: a listing read whole no longer showed the image, or it is gone.
-- One row per image and listing. A share that is seen with another status has ended its stay with the old one, whether
-- or not the old listing was read. What was withheld (temporary table withheld, a row an id) stays where it was.
CREATE OR REPLACE TEMP TABLE ended_memberships AS
SELECT membership.id, membership.listing
FROM listing_memberships AS membership
ANTI JOIN incoming_memberships AS seen ON seen.id = membership.id AND seen.listing = membership.listing
ANTI JOIN withheld ON withheld.id = membership.id
LEFT JOIN gone ON gone.id = membership.id
LEFT JOIN (
    SELECT id FROM incoming_memberships WHERE listing LIKE 'shared-%' AND listing <> 'shared-out'
) AS share
    ON share.id = membership.id AND membership.listing LIKE 'shared-%' AND membership.listing <> 'shared-out'
WHERE membership.cloud = $cloud
    AND membership.seen_to IS NULL
    AND (list_contains($whole_listings, membership.listing) OR gone.id IS NOT NULL OR share.id IS NOT NULL)
