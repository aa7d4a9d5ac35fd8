"""What every other package uses: errors, storage, redaction, permissions, wording.

In: nothing of ours; this package does not import our other packages.
Out: the error classes that decide the exit code; the same functions for files on a disk and in a bucket; texts with
secrets masked. It must not know what a cloud, an image or a warehouse is.
"""
