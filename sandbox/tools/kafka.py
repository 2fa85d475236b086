import hashlib
import shutil
from pathlib import Path

from sandbox.tools.cache import Progress, cache_root, exclusive, workspace
from sandbox.tools.jars import fetch_jars, read_list

VERSION = "4.3.1"  # of the image in infra/catalog/images.yaml
SOURCES = Path(__file__).resolve().parent / "kafka_jars"


def kafka_folder() -> Path:
    """Where the cache keeps Kafka, whether it is there or not. Another list or script is another folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in SOURCES.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(SOURCES)).encode() + b"\0" + path.read_bytes())
    return cache_root() / "tools" / "java" / f"kafka-{VERSION}-{digest.hexdigest()[:12]}"


def resolve_kafka(progress: Progress) -> Path:
    """Kafka as its image has it in ``/opt/kafka``, as far as a broker needs it: ``bin``, ``config`` and ``libs``.

    The jars (44 MB) come from the Maven repository and are verified against the committed list. The scripts stand for
    those of the same names in the image and want ``JAVA_HOME``.

    Raises:
        SandboxError: The jars cannot be had or are not the pinned ones.
    """
    target = kafka_folder()
    if target.is_dir():
        return target
    with exclusive(target, progress, what=f"Kafka {VERSION}"):
        if not target.is_dir():
            progress(f"getting Kafka {VERSION} (44 MB)")
            with workspace(target.parent) as temporary:
                made = temporary / "kafka"
                fetch_jars(SOURCES / "pom.xml", read_list(SOURCES / "jars.txt"), made / "libs", progress)
                for folder in ("bin", "config"):
                    shutil.copytree(SOURCES / folder, made / folder)
                made.replace(target)
    return target
