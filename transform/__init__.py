"""Turns a page of images into Arrow columns.

In: parsed images. Out: a record batch with the dictionary's types, a batch of the values that do not fit, and each
image's content hash. `dictionary` has one line per attribute. It must not know HTTP or DuckDB.
"""
