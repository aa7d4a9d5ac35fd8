-- reject_count: how many values and images that this run received of a cloud did not fit.
-- One row. The same value of the same image, received in several listings, counts once.
SELECT count(*) AS rejected
FROM (
    SELECT DISTINCT id, attribute, value, reason
    FROM read_parquet($rejects_files, hive_partitioning = false)
)
