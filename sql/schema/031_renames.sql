-- renames: names that clouds had before `glanceback rename`. Landing keeps the earlier pages under the old name.
-- One row per rename. Times are UTC.
CREATE TABLE renames (
    run_id VARCHAR NOT NULL, -- The run of mode rename that gave the new name.
    old_name VARCHAR NOT NULL, -- Name of the cloud until then.
    new_name VARCHAR NOT NULL, -- Its name since then.
    renamed_at TIMESTAMP NOT NULL -- Start of that run. UTC.
);
