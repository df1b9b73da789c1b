"""Drivers: the only code that touches a hypervisor, a network or a disk.

`interface` is the contract of the three families; `tests/contract` holds every implementation to it.
"""
