"""What must be true: at every moment, and once everything has settled."""
