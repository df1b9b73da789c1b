"""`python -m pextra_client`: the `pextra` command."""

from pextra_client.cli.entry import main

main()
