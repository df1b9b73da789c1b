"""A host with SR-IOV that needs no hardware: an emulated machine in which the product's own drivers run.

QEMU emulates a q35 machine of two NUMA cells with an IOMMU and, below a root complex of each cell, an NVMe controller
that can be divided into virtual functions. Linux runs in it with its real vfio drivers, and so do libvirtd and QEMU:
what a guest in there is handed out, a real kernel has bound, isolated by an IOMMU and reset.
"""
