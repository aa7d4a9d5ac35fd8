-- remove_later_withheld: take back the deletions that were first withheld at that time or later.
DELETE FROM withheld_deletions WHERE withheld_from >= $since
