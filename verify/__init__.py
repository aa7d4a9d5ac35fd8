"""Checks landing and the warehouse without any code of the program that wrote them.

In: landing and the warehouse. Out: a sentence per fault. It must not import any of our packages except `core`.
docs/internals.md describes the format that it reads.
"""
