-- put_rejects_back: the rejects, once for each version.
INSERT INTO rejects BY NAME
SELECT run_id, cloud, id, attribute, value, reason FROM rejects_of_versions
