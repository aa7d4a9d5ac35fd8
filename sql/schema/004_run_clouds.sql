-- run_clouds: what a run found at each cloud, in images.
-- One row per run and cloud that was loaded.
CREATE TABLE run_clouds (
    run_id VARCHAR NOT NULL, -- The run.
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    new BIGINT NOT NULL, -- Images never seen before.
    changed BIGINT NOT NULL, -- Images whose content differs from the version known before.
    unchanged BIGINT NOT NULL, -- Images read whose content is the version known before.
    deleted BIGINT NOT NULL, -- Images that were ended: no listing showed them, and the cloud said they are gone.
    returned BIGINT NOT NULL, -- Images that were ended by an earlier run, and are there again.
    rejected BIGINT NOT NULL, -- Values, and whole images, that this run received and that did not fit; see rejects.
    withheld_deletions BIGINT NOT NULL, -- Images that no listing showed and that did not end, because nobody could be sure.
    missed_by_changes BIGINT NOT NULL, -- Of new, changed and returned: those that an earlier changes run should have seen.
    dialect VARCHAR, -- ims or openstack: which listings were asked for.
    error VARCHAR -- Why something of this cloud failed or was withheld; NULL where all went well.
);
