-- largest_owners: Who owns the most bytes?
-- One row per cloud and owner, largest first.
-- $top = 20: the number of owners
SELECT
    cloud,
    owner,
    count(*) AS images, -- Images that it owns.
    round(sum(bytes) / 1e9, 1) AS gigabytes, -- Their size. Unit: 10^9 bytes.
    round(100 * sum(bytes) / sum(sum(bytes)) OVER (PARTITION BY cloud), 1)
        AS percent_of_cloud, -- Their share of the size of all images of the cloud. Unit: percent.
    min(created_at) AS oldest_image -- When the oldest was created. UTC.
FROM images
GROUP BY cloud, owner
ORDER BY gigabytes DESC NULLS LAST, owner
LIMIT $top::INTEGER
