from docs.environments import STACKS
from docs.generate import OUT, pages

RESULTS = {f"{stack}/policies.md" for stack in STACKS} | {f"{stack}/teardown.md" for stack in STACKS[1:]}


def test_every_generated_page_is_up_to_date_and_none_is_left_over() -> None:
    files = (path for path in OUT.rglob("*") if path.is_file())
    committed = {path.relative_to(OUT).as_posix(): path.read_text(encoding="utf-8") for path in files}
    assert {name: text for name, text in committed.items() if name not in RESULTS} == pages(), (
        "run `make docs` and commit the result"
    )
    assert committed.keys() >= RESULTS
