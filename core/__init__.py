"""What every other package uses: errors, storage, redaction, permissions, wording.

In: nothing of ours; this package imports no other of our packages.
Out: the error classes that decide the exit code; files on a disk or in a bucket behind one set of functions; texts
with secrets masked. It must not know what a cloud, an image or a warehouse is.
"""
