import pytest

from sandbox.host.said import workload_of


@pytest.mark.parametrize(
    ("labels", "owner", "workload"),
    [
        ({"app.kubernetes.io/name": "web", "pod-template-hash": "6d4f"}, "other-6d4f", "web"),
        ({"pod-template-hash": "6d4f"}, "web-6d4f", "web"),
        ({}, "web", "web"),
        ({}, "", "web-0"),
    ],
)
def test_a_container_belongs_to_its_label_else_its_owner_else_its_pod(
    labels: dict[str, str], owner: str, workload: str
) -> None:
    assert workload_of({"labels": labels, "owner": owner, "pod": "web-0", "container": "main"}) == workload
