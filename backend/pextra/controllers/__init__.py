"""Loops that make desires true: level-triggered, under leases, one controller for each kind that needs one."""
