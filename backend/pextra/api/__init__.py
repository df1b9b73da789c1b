"""The HTTP face of the use cases: the only code that knows Flask. See docs/api.md."""
