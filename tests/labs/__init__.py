"""Laboratories: real databases and their failures, started by tests on loopback.

Nothing here imports the product. A lab is a class that starts real servers, breaks them on purpose, and
leaves nothing behind; fixtures in `tests/conftest.py` share the expensive ones over a whole run.
"""
