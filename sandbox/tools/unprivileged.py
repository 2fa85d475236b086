import os
import shutil
import subprocess

from sandbox.errors import SandboxError

NOBODY = 65534  # the overflow id of Linux (/proc/sys/kernel/overflowuid), which has a name in every distribution


def not_as_root(what: str) -> tuple[str, ...]:
    """What goes before the command of a program that refuses to run as root; nothing where nobody is root.

    In a user namespace root is called somebody else and has no privilege, while the kernel still takes it for the owner
    of its files: nothing has to be handed over to another user, and nothing has to be readable by one.

    Args:
        what: The program, for the message.

    Raises:
        SandboxError: This is root, and the system makes no user namespaces for it.
    """
    if os.geteuid() != 0:
        return ()
    unshare = shutil.which("unshare")
    if unshare:
        prefix = (unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
        answer = subprocess.run([*prefix, "true"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if answer.returncode == 0:
            return prefix
    raise SandboxError(
        f"{what} refuses to run as root, and here root cannot give itself another name",
        where="unshare --user --map-user",
        fix="run the sandbox as a user other than root; in a container, allow user namespaces and have util-linux 2.38",
    )
