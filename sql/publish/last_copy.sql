-- last_copy: the fingerprint of the copy that was published last at $place.
-- One row, or none.
SELECT fingerprint FROM published_copies WHERE place = $place
