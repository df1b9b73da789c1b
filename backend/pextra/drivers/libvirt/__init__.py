"""The compute driver for libvirt and QEMU.

`driver.LibvirtCompute` implements the contract; `hosting.PrivateLibvirtd` gives it a libvirtd of its own
that needs no root and no configuration; `preflight.check` says what this machine lacks for both.
libvirt-python is imported when a connection is opened, so that the package imports without it.
"""
