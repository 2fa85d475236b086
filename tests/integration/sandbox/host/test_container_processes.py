import asyncio
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.host.process import Process
from tests.support.hosted import until

pytestmark = pytest.mark.integration
_SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(15))
signal.signal(signal.SIGINT, lambda *_: sys.exit(2))
print("waiting", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 2), (signal.SIGTERM, 15)])
async def test_a_process_is_asked_to_end_by_the_signal_of_its_image(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    nobody: Any = SimpleNamespace(watch=lambda _: None, forget=lambda _: None)
    log = tmp_path / "log"
    process = Process((sys.executable, "-c", _SCRIPT), {}, tmp_path, log, nobody, stop_signal=number)
    await asyncio.to_thread(until, lambda: "waiting" in log.read_text(), "it has begun")
    assert await process.stop(10.0) == status
