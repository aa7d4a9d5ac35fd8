-- forget_copy: what was published last at $place is unknown.
DELETE FROM published_copies WHERE place = $place
