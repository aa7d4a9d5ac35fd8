-- retiring: the memberships that end with a cloud, or with one listing of it (NULL: all), that is no longer read.
-- One row per image and listing. What the account shares ends with the last of the shared listings.
CREATE OR REPLACE TEMP TABLE retiring AS
SELECT id, listing
FROM listing_memberships
WHERE cloud = $cloud
    AND seen_to IS NULL
    AND (
        $listing IS NULL
        OR listing = $listing
        OR (
            listing = 'shared-out'
            AND $listing LIKE 'shared-%'
            AND EXISTS (SELECT 1 FROM no_longer_read WHERE no_longer_read.listing = 'shared-out')
        )
    )
