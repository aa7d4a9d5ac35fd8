-- add_unlisted: what answered by id, though no listing showed it, is a reading like any other.
INSERT INTO incoming BY NAME
SELECT reading.id, reading.content_hash, reading.content_hash_before, reading.updated_at, reading.listing, reading.position,
    reading.landed_hash
FROM read_parquet($images_files, hive_partitioning = false) AS reading
ANTI JOIN incoming ON incoming.id = reading.id
