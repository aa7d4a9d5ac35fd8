-- keep_missed: keep since when images are missed that stay current although the run did not see them (temporary table
-- staying, a row an id).
INSERT INTO missed_images BY NAME
SELECT $cloud AS cloud, staying.id, $started_at AS missed_from
FROM staying
ANTI JOIN (SELECT id FROM missed_images WHERE cloud = $cloud) AS known ON known.id = staying.id
