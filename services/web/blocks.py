"""ClickHouse's own framing of compressed answers, which its Java client (DBeaver, Tableau, JDBC) asks for.

Each block: 16 bytes of CityHash128 (version 1.0.2) of the rest; the method, 0x82 for LZ4; the length with these nine
bytes; the length unpacked; the data. Source: ClickHouse, src/Compression/ICompressionCodec.h and CompressionInfo.h.
"""

import struct
from collections.abc import Iterator

BLOCK_BYTES = 1 << 20
_LZ4 = 0x82
_HEADER = struct.Struct("<BII")
_SUM = struct.Struct("<QQ")


def framed(content: bytes) -> bytes:
    """The content as ClickHouse sends it where ``compress=1`` is asked for."""
    return b"".join(_blocks(content))


def _blocks(content: bytes) -> Iterator[bytes]:
    from clickhouse_cityhash.cityhash import CityHash128
    from lz4.block import compress

    for start in range(0, len(content), BLOCK_BYTES):
        part = content[start : start + BLOCK_BYTES]
        packed = compress(part, store_size=False)
        block = _HEADER.pack(_LZ4, len(packed) + _HEADER.size, len(part)) + packed
        total = CityHash128(block)
        yield _SUM.pack(total >> 64, total & 0xFFFFFFFFFFFFFFFF) + block
