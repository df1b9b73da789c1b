"""Benchmarks: scripts that print figures and their ratios within one run. They are not tests and assert no time."""
