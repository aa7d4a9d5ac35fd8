-- no_longer_read: the listings of a cloud that are retired, this one included, and were not read since.
-- One row per listing. Every shared listing shows what the account shares: so shared-out is no longer read when the last of
-- them is retired.
CREATE OR REPLACE TEMP TABLE no_longer_read AS
WITH last_read AS (
    SELECT readings.listing, max(runs.started_at) AS started_at
    FROM run_listings AS readings
    JOIN runs ON runs.run_id = readings.run_id
    WHERE readings.cloud = $cloud AND runs.started_at < $retired_at
    GROUP BY readings.listing
),

retired AS (
    SELECT DISTINCT last_read.listing
    FROM last_read
    JOIN retirements AS retirement
        ON retirement.cloud = $cloud
        AND coalesce(retirement.listing, last_read.listing) = last_read.listing
        AND retirement.retired_at > last_read.started_at
        AND retirement.retired_at <= $retired_at
)

SELECT listing FROM retired
UNION ALL
SELECT 'shared-out'
WHERE NOT EXISTS (
    SELECT 1 FROM last_read ANTI JOIN retired ON retired.listing = last_read.listing WHERE last_read.listing LIKE 'shared-%'
)
