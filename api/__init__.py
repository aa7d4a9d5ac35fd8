"""The image API as of any moment: GET /v2/images and what clients ask around it, answered from the published copy.

`server` is the HTTP side, `copies` holds what is open of the published copy, `question` reads what is asked,
`conditions` and `spelling` turn it into SQL and the rows into what the cloud answered. Called by the command line.
"""
