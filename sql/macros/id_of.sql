-- id_of: which image a name meant at a time (UTC), in every cloud and project that had an image with that name.
-- One row per image that had the name then and was listed, newest first: FROM id_of('Ubuntu 24.04', TIMESTAMP '2026-11-01').
-- There are no rows of a time before the first reading of a cloud. A macro reads the database in USE: in a copy that is only
-- attached, use the view image_names.
-- Case: public a name=N created_at=2026-10-01T00:00:00Z owner=vendor | public b name=N created_at=2026-11-02T09:00:00Z owner=vendor
-- SELECT id, cloud, owner FROM id_of('N', TIMESTAMP '2026-11-02 12:00')
-- a, c, vendor
CREATE OR REPLACE MACRO id_of(name, ts) AS TABLE
SELECT named.id, named.cloud, named.owner, named.architecture, named.created_at, named.named_from, named.named_to
-- The parameter has the same name as a column, so the column gets another name here: `name` means the parameter.
FROM image_names AS named (cloud, owner, called, id, created_at, architecture, named_from, named_to)
WHERE named.called = name AND named.named_from <= ts AND (named.named_to IS NULL OR named.named_to > ts)
ORDER BY named.created_at DESC NULLS LAST, named.named_from DESC, named.id
