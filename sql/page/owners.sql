-- owners: who has the most bytes: of each cloud the $top largest.
-- One row per cloud and owner.
SELECT cloud, owner, count(*) AS images, least(sum(coalesce(image_size, size, 0)), 9223372036854775807)::BIGINT AS bytes
FROM image_versions
WHERE seen_to IS NULL
GROUP BY cloud, owner
QUALIFY row_number() OVER (PARTITION BY cloud ORDER BY bytes DESC, owner) <= $top
ORDER BY bytes DESC, cloud, owner
