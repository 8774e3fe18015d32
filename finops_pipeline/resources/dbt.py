"""The dbt project as Dagster sees it: its manifest, and the resource that starts dbt.

Which models exist is the project's business (`dbt_project/`); when they are built is `defs/transform.py`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from dagster_dbt import DbtCliResource
from filelock import FileLock
from packaging.version import Version

from finops_pipeline.errors import FinopsError
from finops_pipeline.settings import DBT_PROJECT_DIR, Settings

_BUILT = ("manifest.json", "partial_parse.msgpack")
_NOT_SOURCES = {"target", "logs", "dbt_packages", ".user.yml"}
_PARSE_TIMEOUT_SECONDS = 600


class DbtCli(DbtCliResource):
    """`DbtCliResource` without its two costly preparations.

    For every command the base class runs `dbt --version`, which asks the package index over the network (measured:
    5 to 7 s), and loads dbt in this process to have an adapter for row counts and column lineage, which this
    project does not fetch. The overridden names are private: `tests/unit/test_dbt_resource.py` holds them.
    """

    @property
    def _cli_version(self) -> Version:  # pyright: ignore[reportIncompatibleVariableOverride]
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        return None


def dbt_executable() -> str:
    """dbt of this interpreter's environment, so that an unactivated `.venv/bin/finops` finds it."""
    beside = Path(sys.executable).with_name("dbt")
    return str(beside) if beside.exists() else "dbt"


def dbt_resource() -> DbtCli:
    """The dbt command line on this checkout's project and profile."""
    return DbtCli(project_dir=str(DBT_PROJECT_DIR), profiles_dir=str(DBT_PROJECT_DIR), dbt_executable=dbt_executable())


def dbt_environment(settings: Settings) -> dict[str, str]:
    """The variables dbt reads: absolute places, one clock for the whole run, no telemetry."""
    return {
        "FINOPS_HOME": str(settings.home),
        "FINOPS_NOW": settings.now.isoformat(),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        # dbt's debug log costs a tenth of the build (measured: 2 of 25 s); errors and compiled SQL are kept anyway.
        "DBT_LOG_LEVEL_FILE": "info",
    }


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set variables of this process for the length of the block; a child started inside keeps them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def current_manifest(project_dir: Path = DBT_PROJECT_DIR) -> Path:
    """The project's manifest, parsed first when it is missing or older than the project's sources.

    Safe when several processes need it at once: one parses, the others wait and read its result.

    Raises:
        FinopsError: dbt cannot parse the project; the message is dbt's own.
    """
    target = project_dir / "target"
    manifest = target / "manifest.json"
    if _is_current(project_dir):
        return manifest
    target.mkdir(exist_ok=True)
    with FileLock(target / ".parse.lock", timeout=_PARSE_TIMEOUT_SECONDS):
        if not _is_current(project_dir):
            _parse(project_dir, target)
    return manifest


def parsed_target(folder: Path) -> Path:
    """Make `folder` a target folder of dbt's in which the project counts as parsed; one that is there is kept.

    Raises:
        FinopsError: dbt cannot parse the project; the message is dbt's own.
    """
    if not folder.exists():
        parsed = current_manifest().with_name("partial_parse.msgpack")
        folder.mkdir(parents=True)
        shutil.copyfile(parsed, folder / parsed.name)
    return folder


def _stamp(project_dir: Path) -> Path:
    return project_dir / "target" / "manifest.sources"


def _is_current(project_dir: Path) -> bool:
    manifest, stamp = project_dir / "target" / "manifest.json", _stamp(project_dir)
    try:
        return manifest.exists() and stamp.read_text(encoding="utf-8") == _sources_digest(project_dir)
    except OSError:
        return False


def _sources_digest(project_dir: Path) -> str:
    """Names, sizes and modification times: as cheap as comparing dates, and it also sees a file that is gone."""
    hasher = hashlib.sha256(version("dbt-core").encode())
    for folder, folders, files in os.walk(project_dir):
        folders[:] = sorted(name for name in folders if name not in _NOT_SOURCES)
        for name in sorted(files):
            if name in _NOT_SOURCES:
                continue
            path = Path(folder, name)
            status = path.stat()
            hasher.update(f"{path.relative_to(project_dir)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return hasher.hexdigest()


def _parse(project_dir: Path, target: Path) -> None:
    digest = _sources_digest(project_dir)
    with tempfile.TemporaryDirectory(prefix=".parse-", dir=target) as scratch:
        earlier = target / "partial_parse.msgpack"
        if earlier.exists():
            shutil.copy(earlier, scratch)
        command = [
            dbt_executable(),
            "--quiet",
            "--no-use-colors",
            "parse",
            "--project-dir",
            str(project_dir),
            "--profiles-dir",
        ]
        command += [str(project_dir), "--target-path", scratch, "--log-path", scratch]
        settled = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
        done = subprocess.run(
            command, env={**os.environ, **settled}, cwd=project_dir, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise FinopsError(f"dbt cannot parse {project_dir}:\n{(done.stdout + done.stderr).strip()[-4000:]}")
        for name in _BUILT:
            os.replace(Path(scratch, name), target / name)
    _stamp(project_dir).write_text(digest, encoding="utf-8")
