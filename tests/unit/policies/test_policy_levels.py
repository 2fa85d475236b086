import pytest

from policies.environments import environment_of, level_for
from policies.model import Level


@pytest.mark.parametrize(
    ("stack", "environment"),
    [
        ("dev", "dev"),
        ("acme/platform/dev", "dev"),
        ("dev-anna", "dev"),
        ("prod-eu", "prod"),
        ("devil", "devil"),
        ("", ""),
    ],
)
def test_the_environment_is_the_first_word_of_the_stack(stack: str, environment: str):
    assert environment_of(stack) == environment


@pytest.mark.parametrize("stack", ["local", "prod", "acme/platform/prod", "staging", ""])
def test_every_environment_but_dev_denies(stack: str):
    assert level_for(stack, mandatory_everywhere=False) is Level.MANDATORY


def test_dev_warns_unless_the_rule_protects_others():
    assert level_for("dev", mandatory_everywhere=False) is Level.ADVISORY
    assert level_for("dev", mandatory_everywhere=True) is Level.MANDATORY
