"""Networks by OVN: a fabric that is written into its northbound database, and hosts that plug guests into it.

`translation` says, purely, which rows of the database a part of the fabric is; `rows` is what such rows are;
`reconciling` makes the database so, and tells what is not; `northbound` is the connection. `plugging` is the host's
side.
"""
