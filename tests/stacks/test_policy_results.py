"""Our own stacks against every policy pack, how they are deleted, and the committed pages that say so."""

from docs.generate import OUT, result_pages


def test_the_committed_pages_about_what_is_declared_are_those_of_this_tree_and_without_findings() -> None:
    for name, page in result_pages().items():
        assert (OUT / name).read_text(encoding="utf-8") == page, "run `make docs` and commit the result"
        if name.endswith("/policies.md"):
            assert ": 0 findings." in page
            assert "## Exceptions\n\nNone." in page
