"""`make bench`: everything that is measured, each against its floor in the same run."""

from __future__ import annotations

from tests.performance import bench_page, bench_served, bench_start, bench_tickers

for bench in (bench_tickers, bench_page, bench_served, bench_start):
    bench.main()
