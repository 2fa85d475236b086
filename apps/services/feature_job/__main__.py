"""Command line of feature-job: do the work once and end."""

import argparse
import sys
from collections.abc import Sequence
from typing import get_args

from pricemodel.wti_history import HistoryMissingError
from servicekit.logs import setup_logging
from servicekit.settings import SettingsError, load_settings

from feature_job import SERVICE, __version__
from feature_job.database import DatabaseError
from feature_job.job import StoreError, run
from feature_job.settings import FeatureJobSettings, Mode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}", description="Load history, compute features, hand the newest to Redis."
    )
    parser.add_argument("mode", nargs="?", choices=get_args(Mode), help="what to do, instead of FEATURE_JOB_MODE")
    parser.add_argument("--version", action="version", version=f"{SERVICE} {__version__}")
    given = parser.parse_args(arguments).mode
    try:
        settings = load_settings(FeatureJobSettings)
        setup_logging(service=SERVICE, version=__version__, level=settings.log_level)
        run(settings.model_copy(update={"mode": given}) if given else settings)
    except SettingsError as error:
        sys.stderr.write(f"{SERVICE}: {error}\n")
        return error.exit_code
    except (DatabaseError, StoreError, HistoryMissingError, ValueError) as error:
        sys.stderr.write(f"{SERVICE}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
