-- forget_attributes: empty the dictionary, before it is written again.
DELETE FROM attributes
