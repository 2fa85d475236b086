"""Command line of feature-job: do the work once and end."""

import sys
from collections.abc import Sequence
from typing import get_args

from pricemodel.wti_history import HistoryMissingError
from servicekit.program import Program

from feature_job import SERVICE, __version__
from feature_job.database import DatabaseError
from feature_job.job import StoreError, run
from feature_job.settings import FeatureJobSettings, Mode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    program = Program(SERVICE, __version__, "Load history, compute features, hand the newest to Redis.")
    parser = program.parser()
    parser.add_argument("mode", nargs="?", choices=get_args(Mode), help="what to do, instead of FEATURE_JOB_MODE")
    given = parser.parse_args(arguments).mode

    def work() -> int:
        settings = program.start(FeatureJobSettings)
        run(settings.model_copy(update={"mode": given}) if given else settings)
        return 0

    return program.end(work, DatabaseError, StoreError, HistoryMissingError, ValueError)


if __name__ == "__main__":
    sys.exit(main())
