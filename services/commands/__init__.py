"""The write side: changes when a rule changes. Needs no ClickHouse and never loads it."""
