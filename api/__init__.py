"""The image API as of any time: GET /v2/images and what clients request beside it, from the published copy.

`server` is the HTTP side; `copies` opens the published copy; `question` parses a request;
`conditions` turns it into SQL, and `spelling` the rows into the JSON that the cloud sent. Called by the command line.
"""
