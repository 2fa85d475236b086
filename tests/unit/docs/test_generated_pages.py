from docs.generate import OUT, pages


def test_every_generated_page_is_up_to_date_and_none_is_left_over() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in OUT.glob("*.md")}
    assert committed == pages(), "run `make docs` and commit the result"
