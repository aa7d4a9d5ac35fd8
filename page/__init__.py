"""The dashboard page: one HTML file, without a server.

In: the published copy. Out: a file that shows the catalogue's health, history and images. It must not read the
warehouse itself, a cloud, or the network.
"""
