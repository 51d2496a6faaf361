"""Proof that the log, its copies and what is computed from it are what was recorded."""

from services.verify.run import (
    comparing_tables,
    keep,
    publish,
    sign,
    signer,
    verify_acknowledged,
    verify_clickhouse,
    verify_notes,
    verify_store,
    verify_topics,
)

__all__ = [
    "comparing_tables",
    "keep",
    "publish",
    "sign",
    "signer",
    "verify_acknowledged",
    "verify_clickhouse",
    "verify_notes",
    "verify_store",
    "verify_topics",
]
