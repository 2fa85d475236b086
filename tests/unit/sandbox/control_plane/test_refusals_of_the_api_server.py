import pytest

from sandbox.control_plane.api_client import ApiError


@pytest.mark.parametrize(
    ("answer", "reason", "said"),
    [
        (b'{"reason": "NotFound", "message": "pods \\"a\\" not found"}', "NotFound", 'pods "a" not found'),
        (b'{"kind": "Status"}', "", '{"kind": "Status"}'),
        (b"[+]ping ok\n[-]etcd failed", "", "[+]ping ok\n[-]etcd failed"),
        (b'["no", "object"]', "", '["no", "object"]'),
        (b"\xff" + b"x" * 600, "", "\N{REPLACEMENT CHARACTER}" + "x" * 499),
    ],
)
def test_a_refusal_says_what_the_api_server_said_in_json_or_in_text(answer: bytes, reason: str, said: str):
    error = ApiError.refused("GET", "/healthz", 500, answer)
    assert (error.status, error.reason) == (500, reason)
    assert str(error).startswith(f"The API server answered 500 to GET /healthz: {said}")
