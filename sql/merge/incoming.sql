-- incoming: which reading of each image counts, of all that the cloud's whole listings gave in this run.
-- One row per image. The later updated_at counts, then the later arrival: the closing pass comes after the rest.
-- Of a brief row, only the columns used here, owner and received_at have values.
CREATE OR REPLACE TEMP TABLE incoming AS
SELECT
    id, content_hash, content_hash_before, updated_at, listing, position, is_brief,
    CASE WHEN content_hash_before IS NOT NULL THEN landed_hash END AS landed_hash
FROM read_parquet($images_files, hive_partitioning = false)
QUALIFY row_number() OVER (
    PARTITION BY id ORDER BY updated_at DESC NULLS LAST, received_at DESC, position DESC
) = 1
