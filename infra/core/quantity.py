"""CPU and memory quantities, as whole numbers that add up without rounding."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

_MEMORY_UNITS = {
    "": 1,
    "k": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
    "Ki": 1024,
    "Mi": 1024**2,
    "Gi": 1024**3,
    "Ti": 1024**4,
}
_MEMORY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti|k|M|G|T)?$")
_CPU = re.compile(r"^([0-9]+(?:\.[0-9]{1,3})?)(m)?$")


def parse_cpu(text: Any) -> int:
    """CPU quantity in millicores: ``"250m"``, ``"2"``, ``"0.5"`` or a number of cores.

    Raises:
        ValueError: not a CPU quantity, or finer than a millicore.
    """
    match = _CPU.match(str(text)) if isinstance(text, str | int | float) and not isinstance(text, bool) else None
    if match is None:
        raise ValueError("must be a CPU quantity such as 250m, 2 or 0.5")
    amount = Decimal(match[1]) * (1 if match[2] else 1000)
    if amount != int(amount):
        raise ValueError("must not be finer than one millicore (1m)")
    return int(amount)


def parse_memory(text: Any) -> int:
    """Memory quantity in bytes: ``"512Mi"``, ``"4Gi"``, ``"2G"`` or a whole number of bytes.

    Raises:
        ValueError: not a memory quantity, or not a whole number of bytes.
    """
    match = _MEMORY.match(str(text)) if isinstance(text, str | int) and not isinstance(text, bool) else None
    if match is None:
        raise ValueError("must be a memory quantity such as 512Mi or 4Gi")
    amount = Decimal(match[1]) * _MEMORY_UNITS[match[2] or ""]
    if amount != int(amount):
        raise ValueError("must be a whole number of bytes")
    return int(amount)


def format_cpu(millicores: int) -> str:
    """The shortest Kubernetes spelling of a number of millicores, as the API server writes it back."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"


def format_memory(amount: int) -> str:
    """The shortest Kubernetes spelling of a number of bytes in powers of 1024."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if amount and amount % _MEMORY_UNITS[unit] == 0:
            return f"{amount // _MEMORY_UNITS[unit]}{unit}"
    return str(amount)


def readable_memory(amount: int) -> str:
    """A number of bytes for people: in GiB with one decimal, or in MiB when it is less than one GiB."""
    gib, mib = _MEMORY_UNITS["Gi"], _MEMORY_UNITS["Mi"]
    if amount < gib:
        return f"{amount / mib:.0f}Mi"
    return f"{amount / gib:.1f}Gi".replace(".0Gi", "Gi")


def gibibytes(count: int) -> int:
    """``count`` GiB in bytes."""
    return count * _MEMORY_UNITS["Gi"]


Millicores = Annotated[int, BeforeValidator(parse_cpu), Field(ge=1, le=10_000_000)]
"""A CPU quantity of a model: written as Kubernetes writes it, kept in millicores."""

Bytes = Annotated[int, BeforeValidator(parse_memory), Field(ge=1, le=2**60)]
"""A memory or storage quantity of a model: written as Kubernetes writes it, kept in bytes."""


@dataclass(frozen=True)
class Compute:
    """An amount of CPU (millicores) and memory (bytes) that can be added, scaled and compared."""

    cpu: int = 0
    memory: int = 0

    def __add__(self, other: Compute) -> Compute:
        """Both amounts together."""
        return Compute(self.cpu + other.cpu, self.memory + other.memory)

    def __mul__(self, count: int) -> Compute:
        """``count`` times the amount."""
        return Compute(self.cpu * count, self.memory * count)

    def percent(self, share: Decimal | int) -> Compute:
        """``share`` per cent, rounded down to millicores and MiB: shares never add up to more than the whole."""
        mebibyte, part = _MEMORY_UNITS["Mi"], Fraction(share) / 100
        return Compute(int(self.cpu * part), int(self.memory * part) // mebibyte * mebibyte)

    def fits(self, limit: Compute) -> bool:
        """Whether neither CPU nor memory is above ``limit``."""
        return self.cpu <= limit.cpu and self.memory <= limit.memory

    def __str__(self) -> str:
        """For people: ``1500m CPU and 2Gi``."""
        return f"{format_cpu(self.cpu)} CPU and {readable_memory(self.memory)}"
