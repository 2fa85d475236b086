"""Both services that prediction-consumer asks, answering at once, as a process of its own: prints its URL."""

from __future__ import annotations

import sys
import time

from tests.support.price_services import price_services

if __name__ == "__main__":
    with price_services() as services:
        sys.stdout.write(f"{services.url}\n")
        sys.stdout.flush()
        while True:
            time.sleep(60)
