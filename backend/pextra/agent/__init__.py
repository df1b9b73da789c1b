"""A host's own loop: it asks the control plane what its host is to be, and makes it so.

`ledger` is what it was told and what came of it, `looking` makes one assignment true through the host's drivers,
`agent` puts the two together, `link` speaks to the control plane, `home` keeps the certificate, `process` runs it all.
Nothing here reaches a database, and nothing listens for the control plane.
"""
