-- run_targets: the clouds that a run was asked to read, whether it loaded them or not.
-- One row per run and cloud, written when the run begins.
CREATE TABLE run_targets (
    run_id VARCHAR NOT NULL, -- The run.
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    is_whole BOOLEAN NOT NULL, -- Whether the run had to read every listing of the cloud: false for --listing and --resume.
    error VARCHAR -- Why nothing of the cloud was loaded, if run_clouds does not say it; NULL: no error.
);
