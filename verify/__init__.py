"""Checks what was landed and loaded, with no code of the program that did it.

In: landing and the warehouse. Out: a sentence per fault. It must not import any other of our packages but `core`;
docs/internals.md describes the format that it reads.
"""
