"""The cost of an environment as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from infra.core.catalog.prices import CLUSTER, NAT, ZONE_TRANSFER, PriceCatalog
from infra.core.cost.estimate import Amounts, Estimate
from infra.core.cost.usage import HOURS_A_MONTH
from infra.core.markdown import table

HEAD = ("typical", "idle", "after destroy")


def cost_report(estimate: Estimate, prices: PriceCatalog, limits: Mapping[str, int] | None = None) -> str:
    """Markdown: totals, parts, tenants, every line with its price, and where each price was read.

    Args:
        estimate: the environment's estimate.
        prices: the price table that it was made with.
        limits: US dollars a month that a tenant's quota may cost, of the tenants that have a limit.
    """
    return "\n".join(_body(estimate, prices, limits or {})).rstrip() + "\n"


def usd(amount: Decimal) -> str:
    """An amount as people write it: ``1,234.50``."""
    return f"{amount:,.2f}"


def _body(estimate: Estimate, prices: PriceCatalog, limits: Mapping[str, int]) -> Iterator[str]:
    yield "US dollars, on demand, before discounts and taxes."
    yield ""
    if not estimate.lines:
        yield "Nothing here is paid for."
        yield ""
    else:
        total = estimate.total
        yield from table(("", *HEAD), [("all", *_cells(total))])
        yield "## By component"
        yield ""
        yield from table(("component", *HEAD), _rows(estimate.by_component()))
        yield "## By tenant"
        yield ""
        yield from _tenants(estimate, limits)
        yield "## Every line"
        yield ""
        yield from _lines(estimate, prices)
        yield "## Prices"
        yield ""
        yield from _prices(estimate, prices)
    if estimate.notes:
        yield "## What the figures leave out"
        yield ""
        yield from (f"- {note}" for note in estimate.notes)


def _tenants(estimate: Estimate, limits: Mapping[str, int]) -> Iterator[str]:
    yield "What a tenant runs in its own namespace is not declared here: `at most` is what its quota costs when it is"
    yield "full all month, `limit` what the catalog lets it cost."
    yield ""
    rows = [
        (
            name,
            *_cells(amounts),
            usd(estimate.ceilings[name]) if name in estimate.ceilings else "",
            usd(Decimal(limits[name])) if name in limits else "",
        )
        for name, amounts in sorted(estimate.by_tenant().items())
    ]
    yield from table(("tenant", *HEAD, "at most", "limit"), rows)


def _lines(estimate: Estimate, prices: PriceCatalog) -> Iterator[str]:
    rows = [
        (
            line.usage.component,
            line.usage.item,
            f"{float(line.usage.typical):,.2f} {prices.unit(line.usage.price)}",
            f"{float(prices.usd(line.usage.price)):.6g}",
            *_cells(line.usd),
        )
        for line in estimate.lines
    ]
    yield from table(("component", "item", "amount", "price", *HEAD), rows)


def _prices(estimate: Estimate, prices: PriceCatalog) -> Iterator[str]:
    node = prices.node
    yield f"CPU and memory are priced by {node.type} ({node.cores} vCPUs, {node.memory // 1024**3} GiB), whose price is"
    yield f"divided in the ratio of [OpenCost's defaults]({prices.split.source})."
    yield ""
    used = {line.usage.price for line in estimate.lines}
    rows = []
    for name, price in prices.prices.items():
        if name in used or name == node.price:
            seen = "yes" if price.verified else f"no: {price.reason}"
            rows.append((name, f"{price.usd} per {price.unit}", price.region, str(price.read), seen, price.source))
    yield from table(("price", "USD", "region", "date", "verified", "source"), rows)


def _rows(groups: Mapping[str, Amounts]) -> list[tuple[str, ...]]:
    return [(name, *_cells(amounts)) for name, amounts in sorted(groups.items())]


def _cells(amounts: Amounts) -> tuple[str, str, str]:
    return usd(amounts.typical), usd(amounts.idle), usd(amounts.survives)


def notes(prices: PriceCatalog, *, region: str, own_cluster: bool = False, edge: bool = False) -> tuple[str, ...]:
    """What an estimate leaves out, with the prices of it that are known.

    Args:
        prices: the price table.
        region: region of the stack.
        own_cluster: whether the stack makes the cluster and the network that it lives in.
        edge: whether it is reached from the internet.
    """
    eks, nat = (usd(prices.prices[name].usd * HOURS_A_MONTH) for name in (CLUSTER, NAT))
    zone = prices.prices[ZONE_TRANSFER].usd
    known = {row.region for row in prices.prices.values()}
    elsewhere = f"{region} has no prices here: those of {', '.join(sorted(known))} are taken instead"
    return (
        *([] if region in known else [elsewhere]),
        "what tenants run in their own namespaces: their quotas bound it, see `at most`",
        *(
            [
                "nodes beyond those that there are at first, and nodes with accelerators",
                "what goes through gateways and endpoints, and the gateways' public addresses",
            ]
            if own_cluster
            else [
                f"cluster and network, which exist already: an EKS control plane is {eks} USD, a NAT gateway {nat} USD",
                "room on the nodes that nobody asks for, and what the cluster itself runs",
            ]
        ),
        *(["what goes through the edge: requests to CloudFront and its firewall, traffic, logs"] if edge else []),
        f"traffic, such as copies of Kafka's partitions: {zone} USD for each GiB from one zone to another, each way",
        "requests to S3, KMS and Secrets Manager, logs, replaced versions of objects, further versions of rotated keys",
        "savings by spot nodes or commitments, whose prices are not known here",
        f"how full buckets are, which is assumed: {prices.filling.source}",
    )
