"""Simulated drivers: a whole cloud in one process, for laptops, tests and fleets of 10,000 hosts.

`world` is the simulated reality; `compute`, `storage` and `network` are thin views of it that keep nothing,
so the world outlives any crash of the code that drives it.
"""
