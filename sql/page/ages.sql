-- ages: how many images were created in which year, and what they weigh.
-- One row per cloud and year; NULL where the cloud does not say.
SELECT cloud, year(created_at) AS created_in, count(*) AS images, least(sum(coalesce(image_size, size, 0)), 9223372036854775807)::BIGINT AS bytes
FROM image_versions
WHERE seen_to IS NULL
GROUP BY cloud, created_in
ORDER BY cloud, created_in
