import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from servicekit.logs import setup_logging


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a service named svc, version 9.9, logs from now on; logging is as it was afterwards."""
    root = logging.getLogger()
    client = logging.getLogger("httpx")
    before = root.handlers, root.level, client.level
    stream = io.StringIO()
    setup_logging(service="svc", version="9.9", level="info", stream=stream)
    client.setLevel("WARNING")
    yield stream
    root.handlers, root.level, client.level = before
    structlog.reset_defaults()
