"""Envelope encryption: values are sealed with data keys, data keys are wrapped by a key that is not in the database.

See backend/adr/0015-envelope-encryption.md and docs/secrets.md.
"""
