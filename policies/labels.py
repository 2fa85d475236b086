from __future__ import annotations

from typing import Final

NAME: Final = "app.kubernetes.io/name"
"""What the workload is; one of Kubernetes' recommended labels."""

PART_OF: Final = "app.kubernetes.io/part-of"
"""The larger system that it belongs to; one of Kubernetes' recommended labels."""

OWNER: Final = "platform/owner"
"""The team that answers for it and that alerts go to."""

COST_CENTRE: Final = "platform/cost-centre"
"""Where its cost is booked."""

REQUIRED: Final = (NAME, PART_OF, OWNER, COST_CENTRE)
"""The labels that each workload and each of its pods carries."""
