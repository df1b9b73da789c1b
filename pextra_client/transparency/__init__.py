"""Checking the audit log without believing the cloud: its own implementation of what is hashed, linked and signed."""
