-- known_texts: the text of each current version that a listing showed, and its content hash: 32 bytes of SHA-256, and 16.
-- One row per version, in order. An image that ever had rejects is left out, because each run counts the rejects it finds.
SELECT unhex(version.landed_hash || version.content_hash) AS known
FROM image_versions AS version
ANTI JOIN (SELECT id FROM rejects WHERE cloud = $cloud AND id IS NOT NULL) AS rejected ON rejected.id = version.id
WHERE version.cloud = $cloud
    AND version.seen_to IS NULL
    AND version.state IS DISTINCT FROM 'unlisted'
    AND length(version.landed_hash) = 64
    AND length(version.content_hash) = 32
ORDER BY known
