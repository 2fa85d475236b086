import subprocess

import pytest

from infra.components.streaming import single_broker

pytestmark = pytest.mark.integration


def test_the_script_of_the_broker_is_valid_shell():
    subprocess.run(["bash", "-n"], input=single_broker.start_script(), text=True, check=True)
