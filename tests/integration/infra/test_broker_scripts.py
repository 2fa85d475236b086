import subprocess

import pytest

from infra.components.streaming import single_broker
from infra.stacks.files import read_catalog

CATALOG = read_catalog()
TOPICS = "\n".join(single_broker.topics_script(single_broker.access(), CATALOG.topics, CATALOG.users))

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("script", [TOPICS, single_broker.start_script()], ids=["topics", "start"])
def test_the_scripts_of_the_broker_are_valid_shell(script: str):
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
