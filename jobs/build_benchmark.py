"""Build or refresh the benchmark on a Ray cluster: the same as `navab run`.

ray job submit --working-dir . -- python jobs/build_benchmark.py --config navab.yaml --set lake=s3://bucket/lake
"""

from __future__ import annotations

import sys

from navab.cli import main

if __name__ == "__main__":
    sys.argv = [sys.argv[0], "run", *sys.argv[1:]]
    main()
