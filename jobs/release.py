"""Release what is live, as a job: the same as `navab release`; it needs no worker.

ray job submit --working-dir . -- python jobs/release.py --config navab.yaml --set lake=s3://bucket/lake
"""

from __future__ import annotations

import sys

from navab.cli import main

if __name__ == "__main__":
    sys.argv = [sys.argv[0], "release", *sys.argv[1:]]
    main()
