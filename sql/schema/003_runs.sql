-- runs: every run of glanceback, also those that failed.
-- One row per run. Times are UTC.
CREATE TABLE runs (
    run_id VARCHAR NOT NULL, -- Id of the run; ids sort by start, and name the run's folder in landing.
    started_at TIMESTAMP NOT NULL, -- Start of the run by our own clock, later than that of every run before it. UTC.
    finished_at TIMESTAMP, -- End of the run; NULL while it runs, or if it died. UTC.
    mode VARCHAR NOT NULL, -- full: every page of every listing; changes: what changed since the last run; replay; retire; rename.
    status VARCHAR NOT NULL, -- running, completed, partial (something failed or was withheld) or failed (nothing loaded).
    version VARCHAR NOT NULL -- Version of glanceback that ran.
);
