from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
Exec = Callable[[list[str], float], Awaitable[tuple[int, str]]]
"""Runs a command beside the container, for so many seconds at most: its exit status and its output."""

_HEAD_LIMIT = 4096
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 0.03, 1.3, 1.0


@dataclass(frozen=True)
class Probe:
    """A probe as a pod declares it, with Kubernetes' own defaults; times in seconds."""

    how: Object
    delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    successes: int = 1
    failures: int = 3

    @classmethod
    def of(cls, declared: Object | None) -> Probe | None:
        """Read a probe of a container; None when it has none."""
        if not declared:
            return None
        how: Object = {key: declared[key] for key in ("httpGet", "tcpSocket", "exec", "grpc") if key in declared}
        return cls(
            how=how,
            delay=float(declared.get("initialDelaySeconds") or 0),
            period=float(declared.get("periodSeconds") or 10),
            timeout=float(declared.get("timeoutSeconds") or 1),
            successes=int(declared.get("successThreshold") or 1),
            failures=int(declared.get("failureThreshold") or 3),
        )


class Asker:
    """Asks one container how it is.

    Args:
        address: The pod's address on this machine.
        ports: The container's ports by name.
        run: Runs a command beside the container.
    """

    def __init__(self, address: str, ports: Mapping[str, int], run: Exec) -> None:
        self._address = address
        self._ports = ports
        self._run = run

    async def ask(self, probe: Probe) -> str:
        """What is wrong, in the kubelet's words; empty when the container is well."""
        try:
            return await asyncio.wait_for(self._ask(probe), timeout=probe.timeout)
        except TimeoutError:
            return f"no answer within {probe.timeout:g} s"
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            return f"{error}"

    async def _ask(self, probe: Probe) -> str:
        if "httpGet" in probe.how:
            return await self._http(probe.how["httpGet"])
        if "exec" in probe.how:
            status, output = await self._run(list(probe.how["exec"]["command"]), probe.timeout)
            return "" if status == 0 else f"command ended with status {status}: {output.strip()[-300:]}"
        port = (probe.how.get("tcpSocket") or probe.how.get("grpc") or {}).get("port")
        _, writer = await asyncio.open_connection(self._address, self._port(port))
        writer.close()
        return ""

    async def _http(self, how: Object) -> str:
        tls = None
        if how.get("scheme") == "HTTPS":  # the kubelet does not look at the certificate either
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        port = self._port(how["port"])
        reader, writer = await asyncio.open_connection(self._address, port, ssl=tls)
        try:
            headers = {each["name"]: each["value"] for each in how.get("httpHeaders") or []}
            headers = {"Host": f"{self._address}:{port}", "User-Agent": "kube-probe/sandbox", **headers}
            lines = [f"GET {how.get('path') or '/'} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
            writer.write("\r\n".join([*lines, "Accept: */*", "Connection: close", "", ""]).encode())
            head = await reader.readline()
            status = int(head[:_HEAD_LIMIT].split()[1])
        except IndexError:
            return "what answered does not speak HTTP"
        finally:
            with contextlib.suppress(OSError):
                writer.close()
        return "" if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"

    def _port(self, port: int | str | None) -> int:
        if isinstance(port, int):
            return port
        if port in self._ports:
            return self._ports[str(port)]
        if port and str(port).isdigit():
            return int(port)
        raise ValueError(f"the container has no port named {port!r}")


async def first_success(
    asker: Asker, probe: Probe, *, failed: Callable[[str], None], patience: float | None = None
) -> bool:
    """Ask until the container is well for the first time.

    It is asked far more often than its period says, so that nobody waits for a whole period after a start that took
    no longer than a blink; the period counts for how long it may fail.

    Args:
        asker: Asks it.
        probe: The probe.
        failed: Told what is wrong, once a period.
        patience: Seconds until it is given up; None never gives up.

    Returns:
        Whether it is well.
    """
    await asyncio.sleep(probe.delay)
    begin = told = time.monotonic()
    pause, row = _FIRST_PAUSE, 0
    while True:
        wrong = await asker.ask(probe)
        now = time.monotonic()
        row = 0 if wrong else row + 1
        if row >= probe.successes:
            return True
        if wrong and now - told >= probe.period:
            failed(wrong)
            told = now
        if wrong and patience is not None and now - begin >= patience:
            failed(wrong)
            return False
        await asyncio.sleep(min(pause, probe.period))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)


async def until_failed(
    asker: Asker, probe: Probe, *, failed: Callable[[str], None], changed: Callable[[bool], None] | None = None
) -> None:
    """Ask once a period. Ends when it has failed too often in a row; with ``changed`` it goes on, telling each change.

    Args:
        asker: Asks it.
        probe: The probe.
        failed: Told each time what is wrong.
        changed: Told whether it is well, when that changes; it was at the beginning.
    """
    well, bad, good = True, 0, 0
    while True:
        await asyncio.sleep(probe.period)
        wrong = await asker.ask(probe)
        bad, good = (bad + 1, 0) if wrong else (0, good + 1)
        if wrong:
            failed(wrong)
        if well and bad >= probe.failures:
            if changed is None:
                return
            well = False
            changed(False)
        elif not well and good >= probe.successes and changed is not None:
            well = True
            changed(True)
