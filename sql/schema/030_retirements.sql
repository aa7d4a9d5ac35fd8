-- retirements: what `glanceback retire` has ended: a cloud, or one listing of it, that is no longer read.
-- One row per retirement. Times are UTC.
CREATE TABLE retirements (
    run_id VARCHAR NOT NULL, -- The run of mode retire that ended it.
    cloud VARCHAR NOT NULL, -- Name of the cloud.
    listing VARCHAR, -- The listing; NULL: the whole cloud.
    retired_at TIMESTAMP NOT NULL -- Start of that run: images that no other listing showed ended then. UTC.
);
