"""From the store straight into ClickHouse: what runs where no broker does."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from services.commands.app import Governance
from services.projections.clickhouse import ClickHouse
from services.projections.projector import Checkpoint, DirectoryRow, Projector, kinds_of

STORE = "store"
DIRECTORY = "directory"
_BATCH = 50_000
_DIRECTORY_BATCH = 50_000


def catch_up(app: Governance, clickhouse: ClickHouse, progress: Callable[[int, int], None]) -> int:
    """Lands what the store holds beyond what has landed; gives the number of events landed."""
    projector = Projector(clickhouse)
    first = start = landed_position(app, projector)
    end = app.store.max_notification_id() or 0
    landed = 0
    land = projector.land_much if end - first > _BATCH else projector.land
    with ThreadPoolExecutor(1) as reader:
        # the next batch is read while the engine works on this one
        coming = reader.submit(app.store.values_after, start, _BATCH)
        while records := coming.result():
            positions, streams, values = zip(*records, strict=True)
            start = positions[-1]
            coming = reader.submit(app.store.values_after, start, _BATCH)
            land(values, kinds_of(streams), [Checkpoint(STORE, 0, start, start)])
            landed += len(values)
            progress(start - first, max(start, end) - first)
        projector.settle()
    catch_up_directory(app, projector)
    return landed


def values_from_store(app: Governance, progress: Callable[[int, int], None]) -> Callable[[], Iterator[list[bytes]]]:
    """What gives the bytes of all events of the store, in batches; asked again, of those recorded since."""
    position, done = 0, 0

    def values() -> Iterator[list[bytes]]:
        nonlocal position, done
        while records := app.store.values_after(position, _BATCH):
            position = records[-1][0]
            done += len(records)
            yield [value for _, _, value in records]
            progress(done, max(done, app.store.max_notification_id() or 0))

    return values


def entries_from_store(app: Governance) -> Callable[[], Iterator[list[DirectoryRow]]]:
    """What gives the rows of the store's directory, in batches; asked again, of those changed since."""
    seq = 0

    def entries() -> Iterator[list[DirectoryRow]]:
        nonlocal seq
        while found := app.store.entries_after(seq, _DIRECTORY_BATCH):
            seq = found[-1][0]
            yield [entry[:4] for entry in found]

    return entries


def catch_up_directory(app: Governance, projector: Projector) -> None:
    """Takes over the names and notes that changed."""
    # by a checkpoint of its own: Kafka's partitions land independently, so that the highest row that came over them
    # says nothing of those before it
    landed = projector.landed()
    seq = landed[DIRECTORY, 0].next if (DIRECTORY, 0) in landed else 0
    while entries := app.store.entries_after(seq, _DIRECTORY_BATCH):
        projector.land_directory([entry[:4] for entry in entries])
        seq = entries[-1][0]
        projector.checkpoint([Checkpoint(DIRECTORY, 0, seq)])


def landed_position(app: Governance, projector: Projector) -> int:
    """The notification id up to which everything has landed, by whichever transport."""
    landed = projector.landed()
    direct = landed[STORE, 0].position if (STORE, 0) in landed else 0
    return max(direct, relayed_position(app, landed))


def relayed_position(app: Governance, landed: dict[tuple[str, int], Checkpoint]) -> int:
    """The highest position that the relay has sent and every partition has landed; 0 if none."""
    for position, ends in app.store.checkpoints():
        if all(_has_landed(landed, place, end) for place, end in json.loads(ends).items()):
            return int(position)
    return 0


def _has_landed(landed: dict[tuple[str, int], Checkpoint], place: str, end: int) -> bool:
    topic, _, partition = place.rpartition("/")
    checkpoint = landed.get((topic, int(partition)))
    return checkpoint is not None and checkpoint.next >= end
