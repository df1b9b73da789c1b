"""`python -m pextra.agent`, the same as `pextra-agent`."""

from pextra.agent.cli import main

main()
