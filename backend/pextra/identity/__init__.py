"""Identities from outside: what the tokens of a provider say, whether that is true, and how a provider is called."""
