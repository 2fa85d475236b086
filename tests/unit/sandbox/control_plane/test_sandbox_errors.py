from sandbox.errors import ConfigurationError, SandboxError


def test_an_error_reads_as_one_paragraph_that_says_what_where_and_how_to_fix_it():
    error = SandboxError("The disk is full", where="/data", fix="free some space")
    assert str(error) == "The disk is full. Where: /data. To fix it: free some space."


def test_an_error_without_place_and_remedy_is_one_sentence():
    assert str(SandboxError("It failed.")) == "It failed."


def test_a_failure_exits_with_1_and_a_configuration_error_with_2():
    assert SandboxError("x").exit_code == 1
    assert ConfigurationError("x").exit_code == 2
