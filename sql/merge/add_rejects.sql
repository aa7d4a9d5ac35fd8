-- add_rejects: keep what did not fit, once for each version, with the run that first saw it.
-- Only the reading that counts is used. An image without a usable id has no versions: it is kept when it is new.
INSERT INTO rejects BY NAME
SELECT DISTINCT $run_id AS run_id, $cloud AS cloud, reading.id, reading.attribute, reading.value, reading.reason
FROM read_parquet($rejects_files, hive_partitioning = false) AS reading
LEFT JOIN classified ON classified.listing = reading.listing AND classified.position = reading.position
LEFT JOIN (
    SELECT DISTINCT value, reason FROM rejects WHERE cloud = $cloud AND id IS NULL
) AS known ON reading.id IS NULL AND known.value = reading.value AND known.reason = reading.reason
WHERE CASE WHEN reading.id IS NULL THEN known.value IS NULL ELSE classified.outcome <> 'unchanged' END
