"""The verbs of the `pextra` command, one file each."""
