"""The network driver for QEMU's user-mode networking: every guest is alone behind its own NAT."""
