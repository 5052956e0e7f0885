"""Write the software bill of materials (CycloneDX 1.6, JSON) of the pinned environment: `make sbom`.

It lists what pip would install with constraints.txt on this platform: name, version, licence, and the SHA-256 of the
file. The input is the report of `pip install --dry-run --ignore-installed --report`.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

OWN = "beavervision"
MAX_LICENSE = 80
"""Characters of a licence's name; some packages put its whole text there."""


def pins(constraints: Path) -> dict[str, set[str]]:
    """Return normalised name -> versions of the constraints, which may differ by Python and platform."""
    found: dict[str, set[str]] = {}
    for line in constraints.read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition(";")[0].strip().partition("==")
        if version:
            found.setdefault(_normal(name), set()).add(version)
    return found


def bill(report: dict[str, Any], versions: dict[str, set[str]]) -> dict[str, Any]:
    """Return the bill of materials.

    Args:
        report: of pip.
        versions: of the constraints.

    Raises:
        SystemExit: when pip would install something that is not pinned.
    """
    found = sorted(report["install"], key=lambda one: _normal(one["metadata"]["name"]))
    components = [_component(one, versions) for one in found if _normal(one["metadata"]["name"]) != OWN]
    own = next(one["metadata"] for one in found if _normal(one["metadata"]["name"]) == OWN)
    root = {
        "type": "application",
        "bom-ref": f"pkg:pypi/{OWN}@{own['version']}",
        "name": OWN,
        "version": own["version"],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {"timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"), "component": root},
        "components": components,
        "dependencies": [{"ref": root["bom-ref"], "dependsOn": [one["bom-ref"] for one in components]}],
    }


def _component(one: dict[str, Any], versions: dict[str, set[str]]) -> dict[str, Any]:
    metadata, name = one["metadata"], _normal(one["metadata"]["name"])
    version = metadata["version"]
    # A local build of torch (+cpu) is the same version.
    if version.partition("+")[0] not in versions.get(name, ()):
        raise SystemExit(f"error: {name} {version} is not what constraints.txt pins; add {name}=={version} there.")
    purl = f"pkg:pypi/{name}@{version}"
    hashes = one["download_info"].get("archive_info", {}).get("hashes", {})
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": metadata["name"],
        "version": version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": hashes["sha256"]}] if "sha256" in hashes else [],
    }
    licence = _license(metadata)
    return {**component, "licenses": [{"license": {"name": licence}}]} if licence else component


def _license(metadata: dict[str, Any]) -> str:
    """The licence by its expression, its name, or the classifiers."""
    named = metadata.get("license_expression") or metadata.get("license") or ""
    if named and len(named) <= MAX_LICENSE and "\n" not in named:
        return named
    classifiers = [one for one in metadata.get("classifier", ()) if one.startswith("License ::")]
    return classifiers[0].rpartition(" :: ")[2] if classifiers else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Read the report named first and write the bill to the file named second."""
    report, out = Path(sys.argv[1]), Path(sys.argv[2])
    versions = pins(Path(__file__).resolve().parents[1] / "constraints.txt")
    made = bill(json.loads(report.read_text(encoding="utf-8")), versions)
    out.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    hashed = sum(bool(one["hashes"]) for one in made["components"])
    print(f"{out}: {len(made['components'])} packages, {hashed} with the hash of their file")


if __name__ == "__main__":
    main()
