"""Command line of model-training: train once and end."""

import sys
import warnings
from collections.abc import Sequence

from pricemodel.native import LibraryMissingError
from pricemodel.registry import RegistryError
from pricemodel.wti_history import HistoryMissingError
from servicekit.logs import get_logger
from servicekit.program import Program

from model_training import SERVICE, __version__
from model_training.job import run
from model_training.settings import ModelTrainingSettings
from model_training.sources import SourceError
from model_training.splits import TooLittleHistoryError

logger = get_logger(__name__)

FAILURES = (
    SourceError,
    HistoryMissingError,
    TooLittleHistoryError,
    RegistryError,
    LibraryMissingError,
    ValueError,
    OSError,
)
"""What ends a training with a sentence; anything else is a mistake in the program, and shown as one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failure, 2 wrong settings or usage."""
    program = Program(SERVICE, __version__, "Train the price model, report and register it.")
    program.parser().parse_args(arguments)
    # MLflow asks for an example of the input by a warning in colours; the signature says what the input is.
    warnings.filterwarnings("ignore", message=".*input example was not provided")

    def work() -> int:
        outcome = run(program.start(ModelTrainingSettings), lambda text: logger.info("training", step=text))
        if outcome is None:
            logger.info("done", registered=False)
        else:
            logger.info("done", model_version=outcome.version, champion=outcome.promoted, reason=outcome.reason)
        return 0

    return program.end(work, *FAILURES)


if __name__ == "__main__":
    sys.exit(main())
