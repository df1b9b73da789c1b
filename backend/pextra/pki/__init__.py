"""The cloud as its own certificate authority for host agents: who may sign what, and who is believed.

`authority` is the control plane's side, `request` and `pinning` are a host's, `identity` and `contexts` are for both.
`audit_key` signs the heads of audit chains.
"""
