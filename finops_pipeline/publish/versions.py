"""Versions on disk: where they stand, which one is current, and how the link moves.

Readers open files through `current` at any moment, so nothing a version holds ever changes after the link has
pointed at it: a new version is a new folder, and the link moves in one step. The oldest version leaves as a whole.
"""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEPT_VERSIONS = 5
"""Versions kept after a publish, the current one included: enough to compare a week's mornings by hand."""

_BUILDING = ".building-"
_DISPLACED = ".displaced-"


def version_name(now: datetime, run_id: str) -> str:
    """`v<UTC stamp>-<short run id>`: sorts by time, and two runs at one instant do not collide."""
    return f"v{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{run_id.replace('-', '')[:8]}"


def published_manifest(marts: Path) -> dict[str, Any] | None:
    """The manifest of the current version; None when nothing is published or what is there cannot be read."""
    try:
        return json.loads((marts / "current" / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def start_version(marts: Path, name: str) -> Path:
    """An empty folder to build a version in; leftovers of runs that died are cleared first.

    The caller holds the run lock, so that no other run can be building.
    """
    marts.mkdir(parents=True, exist_ok=True)
    for prefix in (_BUILDING, _DISPLACED):
        for leftover in marts.glob(f"{prefix}*"):
            shutil.rmtree(leftover)
    building = marts / f"{_BUILDING}{name}"
    building.mkdir()
    return building


def finish_version(marts: Path, building: Path) -> Path:
    """Make a built version durable, name it, and let `current` point at it. The only step readers can see."""
    for path in sorted(building.iterdir()):
        _sync(path)
    _sync(building)
    version = marts / building.name.removeprefix(_BUILDING)
    os.replace(building, version)
    link = marts / f".current-{version.name}"
    link.unlink(missing_ok=True)
    # Relative, so that a copied or mounted FINOPS_HOME still has its current version.
    link.symlink_to(version.name, target_is_directory=True)
    os.replace(link, marts / "current")
    _sync(marts)
    return version


def displace_oldest(marts: Path, keep: int = KEPT_VERSIONS) -> Path | None:
    """Take the version that the one being built leaves no room for out of the readers' sight; None while there is room.

    Its files may then be used up; `remove_old_versions` removes what is left. Every check that could hold the new
    version back has passed, so only a run that dies leaves one version less.
    """
    old = _versions_beside_current(marts)[max(keep - 2, 0) :]
    if not old:
        return None
    displaced = marts / f"{_DISPLACED}{old[0].name}"
    os.replace(old[0], displaced)
    return displaced


def remove_old_versions(marts: Path, keep: int = KEPT_VERSIONS) -> list[str]:
    """Remove all but the newest versions, never the current one; returns the names removed."""
    old = [*_versions_beside_current(marts)[max(keep - 1, 0) :], *marts.glob(f"{_DISPLACED}*")]
    for path in old:
        shutil.rmtree(path)
    return sorted(path.name.removeprefix(_DISPLACED) for path in old)


def _versions_beside_current(marts: Path) -> list[Path]:
    """All versions but the current one, the newest first."""
    current = (marts / "current").resolve()
    versions = [path for path in marts.glob("v*") if path.is_dir() and path.resolve() != current]
    # By when they were built, not by name: a replay with an earlier clock is still the newer version.
    return sorted(versions, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
