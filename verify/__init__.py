"""Checks what was landed and loaded, with no code of the program that did it. docs/landing.md says how."""
