"""Verbs that the server adds to the `pextra` command."""
