"""Scheduled refresh on a Ray cluster: the same as `navab refresh`; its last line says what happened.

ray job submit --working-dir . -- python jobs/refresh.py --config navab.yaml --set lake=s3://bucket/lake
"""

from __future__ import annotations

import sys

from navab.cli import main

if __name__ == "__main__":
    sys.argv = [sys.argv[0], "refresh", *sys.argv[1:]]
    main()
