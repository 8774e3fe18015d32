"""Which files of a sample company hold its bill: those its manifests name. Every contender reads the same lines."""

import json
from pathlib import Path


def billing_files(company: Path) -> dict[str, list[Path]]:
    """Data files per source name, newest delivery of each period only."""
    return {"aws": _aws(company / "aws"), "gcp": _gcp(company / "gcp"), "azure": _azure(company / "azure")}


def _aws(folder: Path) -> list[Path]:
    named = []
    for manifest in sorted(folder.rglob("*-Manifest.json")):
        for uri in json.loads(manifest.read_text())["dataFiles"]:
            named.append(folder / uri.removeprefix("s3://"))
    return [path for path in named if path.exists()] or sorted(folder.rglob("*.parquet"))


def _gcp(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _azure(folder: Path) -> list[Path]:
    newest: dict[tuple[str, str], tuple[str, Path]] = {}
    for manifest in folder.rglob("manifest.json"):
        content = json.loads(manifest.read_text())
        run = content["runInfo"]
        key = (content["exportConfig"]["type"], run["startDate"][:7])
        newest[key] = max(newest.get(key, ("", manifest)), (run["submittedTime"], manifest))
    return sorted(path for _, manifest in newest.values() for path in manifest.parent.glob("part*"))
