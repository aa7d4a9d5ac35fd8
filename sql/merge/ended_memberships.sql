-- ended_memberships: stays in a listing that are over: a listing read whole no longer showed the image, or it is gone.
-- One row per image and listing. What was withheld (temporary table withheld, a row an id) stays where it was.
CREATE OR REPLACE TEMP TABLE ended_memberships AS
SELECT membership.id, membership.listing
FROM listing_memberships AS membership
ANTI JOIN incoming_memberships AS seen ON seen.id = membership.id AND seen.listing = membership.listing
ANTI JOIN withheld ON withheld.id = membership.id
LEFT JOIN gone ON gone.id = membership.id
WHERE membership.cloud = $cloud
    AND membership.seen_to IS NULL
    AND (list_contains($whole_listings, membership.listing) OR gone.id IS NOT NULL)
