"""The Pulumi program: load the configuration, declare the platform, export what its users need."""

import pulumi

from infra.config import read_stack_config
from infra.core.errors import ConfigurationError
from infra.stacks.platform import declare_platform


class RefusedError(pulumi.RunError):
    """Ends the program with a message instead of a traceback.

    Attributes:
        exit_code: 2, as for every usage or configuration error of this project.
    """

    exit_code = 2


def main() -> None:
    """Run the program once, for the current stack.

    Raises:
        RefusedError: the configuration or the catalog is refused; nothing has been declared.
    """
    try:
        outputs = declare_platform(read_stack_config(), file=f"Pulumi.{pulumi.get_stack()}.yaml")
    except ConfigurationError as error:
        count = len(error.problems)
        heading = f"{count} problem{'s' if count > 1 else ''} in the configuration; nothing was changed:"
        raise RefusedError("\n".join([heading, *(f"  {problem}" for problem in error.problems)])) from None
    for name, value in outputs.items():
        pulumi.export(name, value)


main()
