-- forget_later_answers: of one cloud, take back the answers by id that came at that time or later; the runs bring them again.
UPDATE unlisted_images SET answered_at = NULL WHERE cloud = $cloud AND answered_at >= $since
