-- known_later: images that a run which started after this one has already loaded something new about.
-- One row per image. Another machine read the same cloud at the same time: the later reading counts.
CREATE OR REPLACE TEMP TABLE known_later AS
SELECT id
FROM image_versions
WHERE cloud = $cloud AND (seen_from > $started_at OR seen_to > $started_at)
UNION
SELECT id
FROM listing_memberships
WHERE cloud = $cloud AND (seen_from > $started_at OR seen_to > $started_at)
