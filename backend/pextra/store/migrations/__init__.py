"""Hand-written Alembic migrations: written for CockroachDB first, one change each."""
