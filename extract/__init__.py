"""Talk to the cloud: connection and token, the listings, paging one listing, keeping raw pages."""
