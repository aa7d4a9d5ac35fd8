-- forget_rejects: empty the table, before the rejects are written as they are kept now.
DELETE FROM rejects
