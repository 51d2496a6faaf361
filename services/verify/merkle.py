"""The Merkle tree of RFC 9162, section 2.1, over the log's events in the order of their recording.

The root of the first n leaves never changes while leaves are only added: whoever holds an old root can check that a
longer log still begins with exactly those leaves.
"""

import hashlib

LEAF, NODE = b"\x00", b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: of the byte 0x00 and its data, so that no leaf can pass for an inner node."""
    return hashlib.sha256(LEAF + data).digest()


class Tree:
    """Takes leaves one by one and knows the root of those so far; holds one hash for each binary digit of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Adds a leaf by its hash."""
        # every trailing 1 of the size is a full subtree that the new leaf completes to one twice as large
        size = self.size
        while size & 1:
            leaf = hashlib.sha256(NODE + self._full.pop() + leaf).digest()
            size >>= 1
        self._full.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root hash of all leaves so far; of none, the hash of nothing."""
        if not self._full:
            return hashlib.sha256().digest()
        root = self._full[-1]
        for left in reversed(self._full[:-1]):
            root = hashlib.sha256(NODE + left + root).digest()
        return root
