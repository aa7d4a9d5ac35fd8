-- remove_later_withheld: of one cloud, take back the deletions that were first withheld at that time or later.
DELETE FROM withheld_deletions WHERE cloud = $cloud AND withheld_from >= $since
