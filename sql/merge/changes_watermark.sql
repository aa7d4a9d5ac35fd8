-- changes_watermark: the time up to which changes runs have read this cloud since its last full run; NULL if there was none.
-- One row. UTC. If listings differ, the earliest time: before it, a changes run has read every listing.
SELECT min(watermark) AS watermark
FROM (
    SELECT listing, max(run_listings.watermark) AS watermark
    FROM run_listings
    JOIN runs USING (run_id)
    WHERE run_listings.cloud = $cloud
        AND run_listings.complete
        AND runs.mode = 'changes'
        AND runs.started_at > coalesce(
            (
                SELECT max(full_runs.started_at)
                FROM runs AS full_runs
                JOIN run_listings AS full_listings USING (run_id)
                WHERE full_runs.mode = 'full' AND full_listings.cloud = $cloud AND full_listings.complete
            ),
            TIMESTAMP '0001-01-01'
        )
    GROUP BY listing
)
