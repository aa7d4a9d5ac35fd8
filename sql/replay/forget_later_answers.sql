-- forget_later_answers: remove one cloud's answers by id from $since on; the replayed runs add them again.
UPDATE unlisted_images SET answered_at = NULL WHERE cloud = $cloud AND answered_at >= $since
