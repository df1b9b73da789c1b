"""A real OVN network of several hosts on one Linux machine.

Every host is a network namespace with Open vSwitch's userspace datapath and `ovn-controller`; one or three members of
the central databases have namespaces of their own; an outside router has another. Labs share nothing but the kernel:
all files of one lie in its directory, all its namespaces begin with its prefix, and no device, socket or port of the
machine's own is used. Root's rights are needed.
"""
