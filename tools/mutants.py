"""Say what became of the mutants, and fail where one was told by no test and is explained by nobody."""

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


fates = dict(line.strip().rsplit(": ", 1) for line in mutmut("results", "--all", "true").splitlines())
at_large = [name for name, fate in fates.items() if fate != "killed"]
spared = {
    f"{path}:{number}": found["reason"]
    for pattern in MUTATED
    for path in sorted(Path().glob(pattern))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    if (found := _EXPLAINED.search(line))
}

for name in at_large:
    print(f"\n{mutmut('show', name)}")
print(f"\n{len(fates)} mutants: " + ", ".join(f"{count} {fate}" for fate, count in Counter(fates.values()).items()))
print(f"{len(spared)} lines were spared:")
for place, reason in spared.items():
    print(f"  {place}  {reason or 'FOR NO REASON'}")
if at_large or not all(spared.values()) or not fates:
    sys.exit("Add a test that tells such a mutant, or, where none could, `# pragma: no mutate - the reason`.")
