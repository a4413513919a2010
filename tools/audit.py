"""Known vulnerabilities of the locked packages: `python -m tools.audit LOCK...`, which `make audit` calls.

pip-audit asks the package index about each package. It also says "no known vulnerabilities" of packages that the index
told it nothing about, as a mirror does; here only an answer counts. Exit status 1 with a finding and where pip-audit
fails; 0 without a finding, and without a network or an answer, which one line says.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any, NamedTuple

TIMEOUT_S = 15
UNREACHABLE = re.compile(r"(requests|urllib3)\.exceptions|ServiceError|ConnectionError|[Tt]imed? ?out")
"""What pip-audit writes where the index does not answer."""


class Verdict(NamedTuple):
    """What an audit found."""

    lines: list[str]
    status: int


def verdict(reply: str, trouble: str = "") -> Verdict:
    """What pip-audit's JSON says; `trouble` is what it wrote to standard error, for the case that there is none."""
    try:
        packages: list[dict[str, Any]] = json.loads(reply)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (trouble.strip().splitlines() or ["it wrote nothing"])[-1]
        if UNREACHABLE.search(trouble):
            return Verdict([f"not audited: the package index does not answer ({last.partition(':')[0]})"], 0)
        return Verdict([f"pip-audit failed: {last}"], 1)
    asked = [package for package in packages if "skip_reason" not in package]
    if not asked:
        return Verdict(["not audited: the package index says nothing about vulnerabilities"], 0)
    lines = [
        f"{package['name']} {package['version']}: {vuln['id']}, fixed in {' or '.join(vuln['fix_versions']) or 'none'}"
        for package in asked
        for vuln in package["vulns"]
    ]
    if unknown := sorted(package["name"] for package in packages if "skip_reason" in package):
        lines.append(f"not audited, as the package index does not know them: {', '.join(unknown)}")
    if any(package["vulns"] for package in asked):
        return Verdict(lines, 1)
    return Verdict([*lines, f"no known vulnerabilities (audited: {len(asked)})"], 0)


def main(locks: list[str]) -> int:
    files = [option for lock in locks for option in ("-r", lock)]
    # Locked and hashed means resolved: pip need not be asked, and nothing is downloaded.
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", *files]
    quiet = ["--format", "json", "--progress-spinner", "off", "--timeout", str(TIMEOUT_S)]
    done = subprocess.run([*command, *quiet], capture_output=True, text=True)
    found = verdict(done.stdout, done.stderr)
    print("\n".join(found.lines))
    return found.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
