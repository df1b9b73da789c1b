"""Who may do what, decided without I/O: actions, roles, attribute policies. See docs/access.md."""
