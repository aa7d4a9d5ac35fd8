-- run_targets: the clouds that a run was asked to read, whether it loaded them or not.
-- One row per run and cloud, written when the run begins.
CREATE TABLE run_targets (
    run_id VARCHAR NOT NULL, -- The run.
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    is_whole BOOLEAN NOT NULL, -- Whether every listing of the cloud was to be read: false for --listing and --resume.
    error VARCHAR -- Why nothing of the cloud was loaded, where run_clouds could not say it; NULL: nothing to say.
);
