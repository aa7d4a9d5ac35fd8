-- late_ends: images that ended later than the run that first missed them, because the end was withheld or waited for another
-- reading.
-- One row per cloud and end of an image. Times are UTC.
CREATE TABLE late_ends (
    cloud VARCHAR NOT NULL, -- Name of the cloud, as in the settings.
    id VARCHAR NOT NULL, -- The image's id.
    seen_to TIMESTAMP NOT NULL, -- Start of the run that ended it, as in image_versions. UTC.
    missed_from TIMESTAMP NOT NULL, -- Start of the run that first did not see it in the listings. UTC.
    answered_in VARCHAR -- The last run in which it answered by id, though no listing showed it; NULL: none did.
);
