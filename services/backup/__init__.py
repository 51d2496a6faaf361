"""A workspace's copy for bad days, and a workspace made again: from such a copy, or its store from Kafka alone."""

from services.backup.erased import Erased
from services.backup.put_back import Restored, restore
from services.backup.refill import Refilled, refill
from services.backup.take import backup, renew_names

__all__ = ["Erased", "Refilled", "Restored", "backup", "refill", "renew_names", "restore"]
