-- largest_owners: Who owns the most bytes?
-- One row per cloud and owner, largest first.
-- $top = 20: the number of owners
SELECT
    cloud,
    owner,
    count(*) AS images,
    round(sum(bytes) / 1e9, 1) AS gigabytes,
    round(100 * sum(bytes) / sum(sum(bytes)) OVER (PARTITION BY cloud), 1)
        AS percent_of_cloud,
    min(created_at) AS oldest_image
FROM images
GROUP BY cloud, owner
ORDER BY gigabytes DESC NULLS LAST, owner
LIMIT $top::INTEGER
