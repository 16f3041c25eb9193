"""Align a model on a Ray cluster: the same as `navab align`; Ray Train starts the workers.

ray job submit --working-dir . --entrypoint-num-gpus 1 -- python jobs/align_model.py --config navab.yaml --control

The entrypoint's GPU evaluates the model before and after; each worker of `alignment.workers` takes another one. An
alignment needs no claim of the lake, which must be where all nodes reach it.
"""

from __future__ import annotations

import sys

from navab.cli import main

if __name__ == "__main__":
    sys.argv = [sys.argv[0], "align", *sys.argv[1:]]
    main()
