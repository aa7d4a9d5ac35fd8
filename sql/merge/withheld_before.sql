-- withheld_before: since when the images of a cloud are withheld, from earlier runs.
-- One row per image. UTC.
CREATE OR REPLACE TEMP TABLE withheld_before AS
SELECT id, min(withheld_from) AS withheld_from FROM withheld_deletions WHERE cloud = $cloud GROUP BY id
