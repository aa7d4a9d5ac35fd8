-- remove_later_withheld: of one cloud, remove the deletions that were first withheld at $since or later.
DELETE FROM withheld_deletions WHERE cloud = $cloud AND withheld_from >= $since
