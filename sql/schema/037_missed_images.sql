-- missed_images: current images that a full reading of one of their listings did not show, whatever was decided about them then.
-- One row per cloud and image, until a listing shows it again or it ends. Times are UTC.
CREATE TABLE missed_images (
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    id VARCHAR NOT NULL, -- The image's id.
    missed_from TIMESTAMP NOT NULL -- Start of the first run that did not see it, after the last one that did. UTC.
);
