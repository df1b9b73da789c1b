"""The storage driver for one host's files: golden images, and volumes as qcow2 overlays on them."""
