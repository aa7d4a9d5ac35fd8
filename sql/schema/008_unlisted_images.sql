-- unlisted_images: current images that the last full reading did not show, and what is known of each since then.
-- One row per cloud and image, until a listing shows it again or it ends. Times are UTC.
CREATE TABLE unlisted_images (
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    id VARCHAR NOT NULL, -- The image's id.
    missed_from TIMESTAMP NOT NULL, -- Start of the run that first did not see it in the listings. UTC.
    answered_at TIMESTAMP, -- Start of the run in which it last answered by id; NULL: it never did. UTC.
    is_withheld BOOLEAN NOT NULL -- Whether so many images vanished at the same time that a person must accept it.
);
