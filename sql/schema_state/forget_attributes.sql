-- forget_attributes: empty the dictionary, before it is written anew.
DELETE FROM attributes
