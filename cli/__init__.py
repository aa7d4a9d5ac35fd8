"""The command `glanceback`. Each command has a module.

In: arguments. Out: stdout for machines, stderr for people, and an exit code. This is the only package that prints and
that turns an error into a sentence. It must not do what the packages below do: it calls them.
"""
