"""Use cases: what a request or a loop does in one transaction. No Flask, no drivers, no SQL of its own."""
