-- incoming_memberships: in which listings the images of this run were.
-- One row per image and listing. Every shared listing shows what the account itself shares: that is shared-out. What
-- others share has one status at a time: of two listings that showed an image, the one that was received last counts.
CREATE OR REPLACE TEMP TABLE incoming_memberships AS
WITH seen AS NOT MATERIALIZED (
    SELECT
        id,
        received_at,
        CASE WHEN listing LIKE 'shared-%' AND owner = $project_id THEN 'shared-out' ELSE listing END AS listing,
        listing LIKE 'shared-%' AND owner IS DISTINCT FROM $project_id AS is_received
    FROM read_parquet($images_files, hive_partitioning = false)
)

SELECT DISTINCT id, listing
FROM seen
WHERE NOT is_received
UNION ALL
SELECT id, arg_max(listing, received_at) AS listing
FROM seen
WHERE is_received
GROUP BY id
