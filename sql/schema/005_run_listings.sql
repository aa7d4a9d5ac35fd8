-- run_listings: how the reading of each listing went, with the evidence that it was complete.
-- One row per run, cloud and listing. Times are UTC.
CREATE TABLE run_listings (
    run_id VARCHAR NOT NULL, -- The run.
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    listing VARCHAR NOT NULL, -- Name of the listing.
    pages BIGINT NOT NULL, -- Pages read, including those of the closing pass.
    images BIGINT NOT NULL, -- Different images received, without those that the account shares with others.
    bytes BIGINT NOT NULL, -- Size of the pages, uncompressed. Unit: bytes.
    seconds DOUBLE NOT NULL, -- Time that the reading took. Unit: s.
    complete BOOLEAN NOT NULL, -- Whether the run read the listing to its end, and proved it.
    evidence JSON NOT NULL, -- The evidence: first and last id, markers that were gone, empty pages, the closing pass.
    error VARCHAR, -- Why the listing is not complete; NULL: it is complete.
    watermark TIMESTAMP -- The cloud's own clock at the start of the run. UTC.
);
