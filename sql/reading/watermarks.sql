-- watermarks: the cloud's time at the start of the last run that read each of its listings completely.
-- One row per listing. UTC.
SELECT listing, arg_max(run_listings.watermark, runs.started_at) AS watermark
FROM run_listings
JOIN runs USING (run_id)
WHERE run_listings.cloud = $cloud AND run_listings.complete AND run_listings.watermark IS NOT NULL
GROUP BY listing
