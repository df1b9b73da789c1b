"""The HTTP API: every request goes through the real application, on a real database."""
