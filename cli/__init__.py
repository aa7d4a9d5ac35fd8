"""The command `glanceback`. Each command has a module.

In: arguments. Out: stdout for machines, stderr for people, and an exit code. This is the only package that prints and
that turns an error into a message. It calls the packages below, and must not do their work.
"""
