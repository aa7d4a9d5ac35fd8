-- run_clouds: what a run found at each cloud, in images.
-- One row per run and cloud that was loaded.
CREATE TABLE run_clouds (
    run_id VARCHAR NOT NULL, -- The run.
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    new BIGINT NOT NULL, -- Images never seen before.
    changed BIGINT NOT NULL, -- Images whose content differs from their last version.
    unchanged BIGINT NOT NULL, -- Images whose content is that of their last version.
    deleted BIGINT NOT NULL, -- Images that ended: no listing showed them, and the cloud said that they are gone.
    returned BIGINT NOT NULL, -- Images that an earlier run had ended, and that are there again.
    rejected BIGINT NOT NULL, -- Values, and whole images, that this run received and that did not fit; see rejects.
    withheld_deletions BIGINT NOT NULL, -- Images that no listing showed, but that did not end, because it was not certain that they are gone.
    missed_by_changes BIGINT NOT NULL, -- How many of new, changed and returned an earlier changes run should have seen.
    dialect VARCHAR, -- ims or openstack: which listings were asked for.
    error VARCHAR -- Why something of this cloud failed or was withheld; NULL: all went well.
);
