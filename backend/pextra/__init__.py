"""Pextra: the control plane of an API-first, multi-tenant private cloud."""

__version__ = "0.1.0"
