"""Handing out a host's PCI functions and mediated devices, by way of the kernel's sysfs.

Everything that is taken from a driver of the host is written down first, and given back as it was.
"""
