-- forget_rejects: empty the table, before the rejects are written in their new form.
DELETE FROM rejects
