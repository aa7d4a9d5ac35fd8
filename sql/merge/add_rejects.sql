-- add_rejects: keep what did not fit. The same value of the same image, received in several listings, is kept once.
INSERT INTO rejects BY NAME
SELECT DISTINCT $run_id AS run_id, $cloud AS cloud, id, attribute, value, reason
FROM read_parquet($rejects_files, hive_partitioning = false)
