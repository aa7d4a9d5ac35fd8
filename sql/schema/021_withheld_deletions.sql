-- withheld_deletions: images that no listing shows any more, but whose deletion is withheld until a person or a later run decides.
-- One row per cloud and image, until it is listed again, answers by id, or is ended. Times are UTC.
CREATE TABLE withheld_deletions (
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    id VARCHAR NOT NULL, -- The image's id.
    reason VARCHAR NOT NULL, -- too many: so many vanished at once that a person must decide; no answer: the cloud could not be asked for it.
    withheld_from TIMESTAMP NOT NULL, -- Start of the run that first withheld it. UTC.
    run_id VARCHAR NOT NULL -- The last run that withheld it.
);
