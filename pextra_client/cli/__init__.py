"""The `pextra` command: the public API for people and scripts."""
