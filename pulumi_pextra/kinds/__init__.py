"""What the kinds have in common to both providers.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""
