"""The only code that speaks SQL.

`database` opens transactions and repeats them, `tables` is the schema, the other modules are one subject
each: functions over a transaction (`Tx`). Every statement is written for CockroachDB first and runs unchanged
on PostgreSQL and SQLite.
"""
