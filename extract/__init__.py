"""Talks to a cloud: login, listings, pages, and the proof that a listing is complete.

In: a cloud's settings. Out: parsed pages in order, each with the place of its raw bytes in landing; at the end the
evidence that the listing is complete. It must not know Arrow, DuckDB, or what is already loaded.
"""
