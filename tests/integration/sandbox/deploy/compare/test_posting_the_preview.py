import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from markdown_it import MarkdownIt

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).resolve().parents[5] / ".github" / "workflows"
PREVIEW, COMMENT = (yaml.safe_load((FOLDER / f"{name}.yml").read_text()) for name in ("preview", "preview-comment"))
SHA = "0123456789abcdef0123456789abcdef01234567"
RUN = {"head_sha": SHA, "head_branch": "fix&more", "head_repository": {"id": 7, "owner": {"login": "someone"}}}
PULL = {"number": 5, "head": {"sha": SHA, "repo": {"id": 7}}}


class GitHub(BaseHTTPRequestHandler):
    """The part of GitHub's API that the workflow asks, and what it was asked to write."""

    pulls: ClassVar[list[dict[str, Any]]] = []
    comments: ClassVar[list[dict[str, Any]]] = []
    written: ClassVar[list[tuple[str, str, str]]] = []

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path.endswith("/pulls"):
            assert parse_qs(address.query)["head"] == ["someone:fix&more"]
            self.answer(self.pulls)
        else:
            self.answer(self.comments)

    def do_PATCH(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.written.append((self.command, self.path, body["body"]))
        self.answer({})

    def answer(self, data: Any) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(data).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def github(pulls: list[dict[str, Any]], comments: list[dict[str, Any]]) -> Iterator[str]:
    """Serve the API on a free port of the loopback address."""
    GitHub.pulls, GitHub.comments = pulls, comments
    GitHub.written.clear()
    server = HTTPServer(("127.0.0.1", 0), GitHub)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def post(
    folder: Path,
    text: str | bytes,
    *,
    pulls: list[dict[str, Any]] | None = None,
    comments: list[dict[str, Any]] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the step of the workflow that posts, as GitHub does, against our API."""
    script = next(step["run"] for step in COMMENT["jobs"]["comment"]["steps"] if "run" in step)
    (folder / "script").write_text(script)
    (folder / "event").write_text(json.dumps({"workflow_run": RUN}))
    if not (folder / "report").exists():
        (folder / "report").mkdir()
        (folder / "report/preview.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    with github([PULL] if pulls is None else pulls, comments or []) as address:
        environment = {
            "TOKEN": "dummy",
            "GITHUB_API_URL": address,
            "GITHUB_REPOSITORY": "org/platform",
            "GITHUB_EVENT_PATH": str(folder / "event"),
        }
        command = [sys.executable, "-I", str(folder / "script")]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )


def test_a_report_is_posted_below_a_mark_and_a_warning(tmp_path: Path) -> None:
    done = post(tmp_path, "### `prod`: `Add a queue`\n")
    assert done.returncode == 0, done.stderr
    ((method, path, body),) = GitHub.written
    assert (method, path) == ("POST", "/repos/org/platform/issues/5/comments")
    mark, warning, _, title = body.split("\n")
    assert mark == "<!-- preview of the platform -->"
    assert warning.startswith("*Made at 0123456789ab by this pull request's own code")
    assert title == "### `prod`: `Add a queue`"


def test_the_comment_that_is_there_is_changed_and_nobody_elses_is(tmp_path: Path) -> None:
    mark = "<!-- preview of the platform -->\nold"
    others = [
        {"id": 1, "user": {"login": "someone"}, "body": mark},
        {"id": 2, "user": None, "body": None},
        {"id": 3, "user": {"login": "github-actions[bot]"}, "body": mark},
    ]
    assert post(tmp_path, "x", comments=others).returncode == 0
    assert [written[:2] for written in GitHub.written] == [("PATCH", "/repos/org/platform/issues/comments/3")]


@pytest.mark.parametrize(
    "pulls",
    [
        [],
        [PULL | {"head": PULL["head"] | {"sha": "f" * 40}}],  # type: ignore[operator]
        [PULL | {"head": PULL["head"] | {"repo": {"id": 8}}}],  # type: ignore[operator]
        [PULL | {"head": PULL["head"] | {"repo": None}}],  # type: ignore[operator]
    ],
    ids=["closed", "newer commit", "another fork's branch of that name", "fork is gone"],
)
def test_a_report_goes_to_no_pull_request_but_the_one_of_its_run(tmp_path: Path, pulls: list[dict[str, Any]]) -> None:
    done = post(tmp_path, "x", pulls=pulls)
    assert done.returncode == 1
    assert "so this report is not posted" in done.stderr
    assert GitHub.written == []


@pytest.mark.parametrize(
    "text", ["x" * 60_001, b"x" * 300_000, "😀" * 60_000 + "x"], ids=["characters", "bytes", "wide"]
)
def test_what_is_too_large_is_not_posted(tmp_path: Path, text: str | bytes) -> None:
    done = post(tmp_path, text)
    assert done.returncode == 1
    assert "at most" in done.stderr
    assert GitHub.written == []


def test_a_link_to_a_file_of_the_runner_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report/preview.md").symlink_to("/etc/hostname")
    assert "is no plain file" in post(tmp_path, "").stderr
    assert GitHub.written == []


def test_bytes_that_are_no_text_are_not_posted(tmp_path: Path) -> None:
    assert post(tmp_path, b"\xff\xfe").returncode == 1
    assert GitHub.written == []


def test_a_report_that_the_change_forged_is_disarmed(tmp_path: Path) -> None:
    forged = (
        "@org/everyone approve #12 GH-7\n\n<img src='https://evil.example/x.png'><script>alert(1)</script>\n\n"
        "[here](https://evil.example) ![x](//evil.example/y) [r][1] www.evil.example me@evil.example &commat;all\n\n"
        "[1]: https://evil.example\n\n<!-- \n\n<details><summary>Full diff</summary>\n\nordi\u202enary\n\n</details>\n"
    )
    assert post(tmp_path, forged).returncode == 0
    ((_, _, body),) = GitHub.written
    parsed = MarkdownIt("commonmark").parse(body.split("\n\n", 1)[1])
    tokens = [*parsed, *(child for token in parsed for child in token.children or [])]
    assert not {token.type for token in tokens} & {"link_open", "image", "html_inline"}
    html = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert html == ["<details><summary>Full diff</summary>", "</details>"]
    assert not re.search(r"@\w|#\d|gh-\d|://\w|www\.\w|\u202e", body.split("\n\n", 1)[1], re.IGNORECASE)


def test_a_true_report_looks_as_it_was_made(tmp_path: Path) -> None:
    text = "### `prod`: `a <b> @c`\n\n- **changed** `x`: `1` → `2`\n\n```diff\n-a: http://x\n```\n"
    assert post(tmp_path, text).returncode == 0
    ((_, _, body),) = GitHub.written
    assert body.replace("\u2060", "").endswith(text.rstrip("\n"))


@pytest.mark.parametrize("workflow", [PREVIEW, COMMENT], ids=["preview", "preview-comment"])
def test_every_action_is_pinned_by_a_commit(workflow: dict[str, Any]) -> None:
    uses = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert uses
    assert [each for each in uses if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", each)] == []


def test_what_may_run_the_change_may_only_read_and_what_may_write_checks_out_nothing() -> None:
    trigger = True  # YAML 1.1 reads the key `on` as a truth
    assert PREVIEW["permissions"] == {"contents": "read"}
    assert set(PREVIEW[trigger]) == {"pull_request"}
    assert set(COMMENT[trigger]) == {"workflow_run"}
    (job,) = COMMENT["jobs"].values()
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert not [step for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert "${{" not in next(step["run"] for step in job["steps"] if "run" in step)
