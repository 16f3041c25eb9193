"""Evaluate models on a Ray cluster's node: the same as `navab evaluate`.

ray job submit --working-dir . --entrypoint-num-gpus 1 -- python jobs/evaluate_models.py --config navab.yaml --model M

An evaluation needs no claim of the lake: submit one job a model, and they run side by side.
"""

from __future__ import annotations

import sys

from navab.cli import main

if __name__ == "__main__":
    sys.argv = [sys.argv[0], "evaluate", *sys.argv[1:]]
    main()
