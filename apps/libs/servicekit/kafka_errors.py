"""What becomes of Kafka's errors: which end a process, which are waited out, and how each is told."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException

from servicekit.logs import get_logger

logger = get_logger(__name__)

_QUIET_SECONDS = 30.0

_FENCED = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001 - librdkafka's own codes begin with an underscore
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.TRANSACTION_COORDINATOR_FENCED,
    }
)


class KafkaFailure(Exception):  # noqa: N818 - the name says more than ...Error would
    """Kafka refused in a way that trying again does not mend; the message says what and where."""

    exit_code = 1


class Fenced(KafkaFailure):
    """Another process has taken over the transactional id: this one must end and write nothing more."""


class TransactionAborted(Exception):  # noqa: N818 - as above
    """The transaction was given up and nothing of it is visible: read its input again."""


def error_of(exception: KafkaException) -> KafkaError:
    """The error inside an exception of confluent-kafka."""
    found = exception.args[0] if exception.args else None
    return found if isinstance(found, KafkaError) else KafkaError(KafkaError.UNKNOWN, str(exception))


def is_fenced(error: KafkaError) -> bool:
    """Whether another process with the same transactional id is the reason."""
    return error.code() in _FENCED


class ErrorLog:
    """Logs each kind of error at most twice a minute: an outage is one line and not thousands."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Tell of errors of a client, named in each line."""
        self._what, self._clock = what, clock
        self._told: dict[int, float] = {}

    def __call__(self, error: KafkaError) -> None:
        """Tell of an error; may be called from any thread."""
        now = self._clock()
        if now - self._told.get(error.code(), -_QUIET_SECONDS) < _QUIET_SECONDS:
            return
        self._told[error.code()] = now
        logger.warning("kafka reports an error", client=self._what, code=error.name(), reason=error.str())
