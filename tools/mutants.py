"""Report the mutation results; fail if a mutant survives without a reason."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

MUTMUT = Path(sys.executable).with_name("mutmut")
MUTATED = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]["only_mutate"]

_EXPLAINED = re.compile(r"# pragma: no mutate(?: - (?P<reason>.+))?$")


def mutmut(*arguments: str) -> str:
    """What mutmut prints."""
    return subprocess.run([MUTMUT, *arguments], check=True, capture_output=True, text=True).stdout


results = dict(line.strip().rsplit(": ", 1) for line in mutmut("results", "--all", "true").splitlines())
survivors = [name for name, result in results.items() if result != "killed"]
excluded = {
    f"{path}:{number}": found["reason"]
    for pattern in MUTATED
    for path in sorted(Path().glob(pattern))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    if (found := _EXPLAINED.search(line))
}

for name in survivors:
    print(f"\n{mutmut('show', name)}")
print(
    f"\n{len(results)} mutants: "
    + ", ".join(f"{count} {result}" for result, count in Counter(results.values()).items())
)
print(f"{len(excluded)} lines are excluded:")
for place, reason in excluded.items():
    print(f"  {place}  {reason or 'REASON MISSING'}")
if survivors or not all(excluded.values()) or not results:
    sys.exit("Add a test that kills the mutant, or `# pragma: no mutate - reason`.")
