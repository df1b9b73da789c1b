"""`python -m pextra.simulation --seed N`: one run, or several, with the trace of what went wrong."""

from __future__ import annotations

import argparse
import sys

from pextra.simulation.run import EVERY, STEPS, TAIL, run


def main() -> int:
    """Run the seeds that the command line asks for; tells how many broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m pextra.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="how many seeds")
    parser.add_argument("--steps", type=int, default=STEPS, help="events before the cloud is left in peace")
    parser.add_argument("--every", type=int, default=EVERY, help="events between two checks")
    parser.add_argument("--tail", type=int, default=TAIL, help="lines of the trace to show after a failure")
    parser.add_argument(
        "--agents", action=argparse.BooleanOptionalAction, help="whether hosts have agents; by default as the seed says"
    )
    options = parser.parse_args()
    broken = 0
    for seed in range(options.seed, options.seed + options.count):
        report = run(seed, steps=options.steps, every=options.every, tail=options.tail, agents=options.agents)
        sys.stdout.write(f"{report}\n")
        sys.stdout.flush()
        broken += report.violation is not None
    return min(broken, 125)


if __name__ == "__main__":
    sys.exit(main())
