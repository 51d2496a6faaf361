"""A worker of the program as it was before `re-estimated` had a second version: a rolling upgrade's older half.

It does not know the type, and its table of work is the one of then: ``python -m tests.integration.older_part HOME
TABLES``, where TABLES is the folder of its definitions.
"""

import sys
from pathlib import Path

from schemas import catalogue
from schemas.work import ReEstimated
from services.projections import definitions
from services.settings import Settings

if __name__ == "__main__":
    home, folder = (Path(argument) for argument in sys.argv[1:])
    del catalogue.BY_TYPE[ReEstimated.type_name]
    definitions.FOLDER = folder
    from services.up import run_worker

    run_worker(Settings.load(home), say=lambda text: print(text, flush=True))
