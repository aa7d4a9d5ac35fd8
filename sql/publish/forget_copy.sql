-- forget_copy: remove the fingerprint of the copy that was published last at $place.
DELETE FROM published_copies WHERE place = $place
