-- runs.error: why the run failed, if it failed as a whole; NULL: it did not, or its clouds and listings say why.
ALTER TABLE runs ADD COLUMN error VARCHAR
