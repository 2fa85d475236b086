from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.core.cost.estimate import ceiling, estimate
from infra.core.cost.report import cost_report, notes
from infra.core.cost.schedule import runs_a_month
from infra.core.cost.usage import Running, Usage, running
from infra.core.quantity import Compute, gibibytes
from infra.core.quota import Share
from infra.core.workload.spec import Replicas, Storage
from infra.stacks.files import read_catalog
from tests.support.small_workloads import small_workload

PRICES = read_catalog().prices
NODE = Compute(PRICES.node.cores * 1000, PRICES.node.memory)
DESK = Share("desk", "tenant-desk", NODE, NODE, 80, gibibytes(100), 5)


def test_a_node_that_runs_all_month_costs_730_hours_of_its_price():
    made = estimate("dev", Running("db", NODE, Compute()).usages(), [], PRICES)
    assert made.total.typical == Decimal("294.34")
    assert made.total.typical == (PRICES.prices["node"].usd * 730).quantize(Decimal("0.01"))
    assert made.total.idle == 0


def test_an_autoscaled_workload_typically_runs_halfway_and_idles_at_its_least():
    pods = running(small_workload("deployment", replicas=Replicas(minimum=2, maximum=5)), keep=True)
    assert (pods.typical, pods.idle) == (Compute(400, gibibytes(4)), Compute(200, gibibytes(2)))
    assert pods.tenant == "desk"


def test_a_fixed_workload_costs_the_same_idle():
    pods = running(small_workload("deployment", replicas=Replicas(minimum=3, maximum=3)), keep=True)
    assert pods.typical == pods.idle == Compute(300, gibibytes(3))


@pytest.mark.parametrize("keep", [True, False])
def test_volumes_cost_when_idle_and_after_a_destruction_only_when_kept(keep: bool):
    spec = small_workload("statefulset", storage=Storage(mount_path="/data", size=gibibytes(50)))
    (volume,) = [usage for usage in running(spec, keep=keep).usages() if usage.item == "volumes"]
    assert (volume.typical, volume.idle, volume.survives) == (50, 50, 50 if keep else 0)


def test_a_job_is_counted_once_with_its_time_limit_and_a_cronjob_as_often_as_it_runs():
    once = running(small_workload("job", time_limit_seconds=1800), keep=True)
    assert (once.hours, once.idle) == (Fraction(1, 2), Compute())
    daily = running(small_workload("cronjob", schedule="0 2 * * *", time_limit_seconds=3600), keep=True)
    assert daily.hours == Fraction(365, 12)
    always = running(small_workload("cronjob", schedule="* * * * *", time_limit_seconds=3600), keep=True)
    assert always.hours == 730


@pytest.mark.parametrize(
    ("schedule", "runs_a_year"),
    [
        ("* * * * *", 365 * 24 * 60),
        ("*/15 * * * *", 365 * 24 * 4),
        ("5/20 0 * * *", 365 * 3),
        ("0 0 1 * *", 12),
        ("0 0 * * 1-5", 261),
        ("0 0 * * 0,7", 52),
        ("30 1,13 * 2 *", 28 * 2),
        ("0 0 31 * *", 7),
        ("0 0 1 * 1", 12 + 52 - 3),
    ],
)
def test_a_schedule_is_counted_over_a_year(schedule: str, runs_a_year: int):
    assert runs_a_month(schedule) * 12 == runs_a_year


@pytest.mark.parametrize("schedule", ["", "0 2 * *", "60 * * * *", "a * * * *", "5-1 * * * *", "*/0 * * * *", "@daily"])
def test_what_is_no_schedule_is_refused_and_repeated(schedule: str):
    with pytest.raises(ValueError, match="must"):
        runs_a_month(schedule)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.builds(
            Usage,
            component=st.sampled_from("abc"),
            tenant=st.sampled_from(("platform", "desk")),
            item=st.just("thing"),
            price=st.sampled_from(sorted(PRICES.prices)),
            typical=st.fractions(0, 10_000),
            idle=st.fractions(0, 10_000),
            survives=st.fractions(0, 10_000),
        ),
        max_size=15,
    )
)
def test_components_tenants_and_lines_each_add_up_to_the_total_to_the_cent(usages: list[Usage]):
    made = estimate("dev", usages, [DESK], PRICES)
    output = made.as_output()
    for key, total in (
        ("typical", made.total.typical),
        ("idle", made.total.idle),
        ("survivesDestroy", made.total.survives),
    ):
        for parts in (output["byComponent"], output["byTenant"]):
            assert sum((Decimal(str(part[key])) for part in parts.values()), Decimal(0)) == total
    exact = sum(usage.typical * PRICES.usd(usage.price) for usage in usages)
    assert abs(Fraction(made.total.typical) - exact) <= Fraction(len(usages), 200)


def test_a_tenants_ceiling_is_its_quota_full_all_month():
    assert ceiling(DESK, PRICES) == Decimal("294.34") + 100 * PRICES.prices["ebs-gp3"].usd
    output = estimate("dev", [], [DESK], PRICES).as_output()
    assert output["byTenant"] == {"desk": {"typical": 0.0, "idle": 0.0, "survivesDestroy": 0.0, "most": 302.34}}
    assert output["most"] == 302.34


def test_a_usage_without_a_price_is_an_error_and_not_free():
    with pytest.raises(KeyError, match="gold"):
        estimate("dev", [Usage("a", "platform", "x", "gold", Fraction(1), Fraction(1))], [], PRICES)


def test_the_report_has_totals_parts_lines_prices_and_what_is_left_out():
    made = estimate("dev", Running("db", NODE, NODE).usages(), [DESK], PRICES, notes(PRICES, region="us-east-1"))
    page = cost_report(made, PRICES)
    assert page.startswith("US dollars, on demand, before discounts and taxes.\n")
    assert "| all | 294.34 | 294.34 | 0.00 |" in page
    assert "| db | 294.34 | 294.34 | 0.00 |" in page
    assert "| desk | 0.00 | 0.00 | 0.00 | 302.34 |" in page
    assert "5,840.00 core-hour" in page
    assert PRICES.prices["node"].source in page
    assert "an EKS control plane is 73.00 USD, a NAT gateway 32.85 USD" in page
    assert page == cost_report(made, PRICES)
    assert "| desk | 0.00 | 0.00 | 0.00 | 302.34 | 400.00 |" in cost_report(made, PRICES, {"desk": 400})


def test_a_region_without_prices_is_said_in_the_report():
    assert "eu-central-1 has no prices here: those of us-east-1 are taken instead" in notes(
        PRICES, region="eu-central-1"
    )


def test_the_report_of_what_costs_nothing_says_so():
    page = cost_report(estimate("local", [], [], PRICES, ["one machine"]), PRICES)
    assert "Nothing here is paid for." in page
    assert "- one machine" in page
