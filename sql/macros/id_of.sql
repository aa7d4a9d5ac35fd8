-- id_of: which image a name meant at a time (UTC), in every cloud and project that had an image with that name.
-- One row per image that had the name then and was listed, newest first: FROM id_of('Ubuntu 24.04', TIMESTAMP '2026-11-01'). A
-- macro reads the database in USE: in a copy that is only attached, use the view image_names.
-- Case: public a name=N created_at=2026-10-01T00:00:00Z owner=vendor | public b name=N created_at=2026-11-02T09:00:00Z owner=vendor
-- SELECT id, cloud, owner FROM id_of('N', TIMESTAMP '2026-11-02 12:00')
-- a, c, vendor
CREATE OR REPLACE MACRO id_of(name, ts) AS TABLE
SELECT bearer.id, bearer.cloud, bearer.owner, bearer.architecture, bearer.created_at, bearer.named_from, bearer.named_to
-- The parameter has the same name as a column, so the column gets another name here: `name` means the parameter.
FROM image_names AS bearer (cloud, owner, called, id, created_at, architecture, named_from, named_to)
WHERE bearer.called = name AND bearer.named_from <= ts AND (bearer.named_to IS NULL OR bearer.named_to > ts)
ORDER BY bearer.created_at DESC NULLS LAST, bearer.named_from DESC, bearer.id
