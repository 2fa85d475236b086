"""Runs the benchmarks: `python -m bench [NAME ...]`. Each prints ratios against a peer or a limit of the same run."""

from __future__ import annotations

import importlib
import sys

from bench.report import machine

NAMES = (
    "control_plane",
    "objects",
    "waiting",
    "host",
    "policies",
    "tenants",
    "gateway",
    "consumer",
    "path",
    "analytics",
    "features",
    "model",
)


def main(argv: list[str]) -> int:
    """Run the named benchmarks, or all."""
    unknown = [name for name in argv if name not in NAMES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(machine())
    for name in argv or NAMES:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
