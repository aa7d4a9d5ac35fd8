-- retiring: the stays that end with a cloud, or one listing of it (NULL: all), that is no longer read.
-- One row per image and listing. What the account shares is in every shared listing: it ends with the last of them.
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
            AND NOT EXISTS (
                SELECT 1
                FROM run_listings AS other
                JOIN runs ON runs.run_id = other.run_id
                WHERE other.cloud = $cloud
                    AND other.listing LIKE 'shared-%'
                    AND other.listing <> $listing
                    AND runs.started_at < $retired_at
                    AND NOT EXISTS (
                        SELECT 1
                        FROM retirements AS earlier
                        WHERE earlier.cloud = $cloud
                            AND (earlier.listing IS NULL OR earlier.listing = other.listing)
                            AND earlier.retired_at > runs.started_at
                            AND earlier.retired_at <= $retired_at
                    )
            )
        )
    )
