"""Clean the lake up on a Ray cluster: the same as `navab maintain`.

ray job submit --working-dir . -- python jobs/maintain.py --config navab.yaml --set lake=s3://bucket/lake
"""

from __future__ import annotations

import sys

from navab.cli import main

if __name__ == "__main__":
    sys.argv = [sys.argv[0], "maintain", *sys.argv[1:]]
    main()
