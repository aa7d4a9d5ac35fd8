-- forget_cookbook: empty the table, before it is written anew.
DELETE FROM cookbook
