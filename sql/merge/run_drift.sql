-- run_drift: attributes that this run was the first to see, though nobody documented them, or no longer saw on any image.
-- One row per cloud and attribute. A cloud's first run is no drift.
SELECT drift.cloud, drift.attribute, drift.drift, drift.images, drift.example
FROM schema_drift AS drift
JOIN (SELECT cloud, min(seen_from) AS first_run_at FROM image_versions GROUP BY cloud) AS clouds
    ON clouds.cloud = drift.cloud AND clouds.first_run_at < $started_at
WHERE (drift.drift = 'undocumented' AND drift.first_seen = $started_at) OR drift.gone_since = $started_at
ORDER BY drift.cloud, drift.drift, drift.attribute
