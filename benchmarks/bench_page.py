"""The compressed size of the dashboard."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from entrypoints.dashboard import assets

BUDGET = 60 * 1024


def main() -> None:
    """Print the largest files, and the total with its budget."""
    files = sorted(assets().items(), key=lambda file: -len(file[1].compressed))
    table = Table("file", "KiB", title="Dashboard, compressed")
    for name, asset in files[:6]:
        table.add_row(name, f"{len(asset.compressed) / 1024:.1f}")
    total = sum(len(asset.compressed) for _, asset in files)
    table.add_row(f"all {len(files)} files, of {BUDGET / 1024:.0f}", f"{total / 1024:.1f}", end_section=True)
    Console().print(table)


if __name__ == "__main__":
    main()
