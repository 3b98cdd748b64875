"""Print every figure: python -m tests.bench [SECONDS]."""

from __future__ import annotations

import asyncio
import sys

from tests.bench import bench_chart, bench_dashboard

if __name__ == "__main__":
    bench_dashboard.main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
    asyncio.run(bench_chart.main())
