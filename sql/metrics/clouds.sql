-- clouds: what is there of each cloud.
-- One row per cloud that has images. Sizes are in bytes. What waits for a decision, the query status says.
SELECT cloud, count(*) AS images, count(*) FILTER (WHERE state = 'unlisted') AS unlisted, coalesce(sum(bytes), 0) AS bytes
FROM images
GROUP BY cloud
ORDER BY cloud
