"""Audits: controls run over a scope, scored, and (later) recorded with their findings."""
