"""The audit log as a transparency log: canonical bytes, hash chain, Merkle tree. Pure; no key, no database.

`pextra_client.transparency` checks what is made here and shares no code with it, so that one fault cannot hide in both.
"""
