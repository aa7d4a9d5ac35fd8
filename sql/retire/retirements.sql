-- retirements: what was retired, the oldest first.
-- One row per retirement. UTC.
SELECT run_id, cloud, listing, retired_at FROM retirements ORDER BY retired_at
