-- misfits: what of a cloud's images did not fit its column, and is shown as it was received.
-- One row per version of an image and attribute.
SELECT version.rowid AS version, rejects.attribute, rejects.value
FROM copy.rejects
JOIN copy.image_versions AS version
    ON version.cloud = rejects.cloud AND version.id = rejects.id AND version.run_from = rejects.run_id
WHERE rejects.cloud = $cloud AND rejects.attribute IS NOT NULL
ORDER BY ALL
