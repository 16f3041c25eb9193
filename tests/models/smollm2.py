"""The small real model of `make models` as an engine on CPU."""

from __future__ import annotations

from tests.lakes import REPOSITORY

MODEL = REPOSITORY / "build" / "models" / "smollm2"
SMOLLM2: dict[str, object] = {
    "kind": "vllm",
    "model": str(MODEL),
    "max_output_tokens": 256,
    "window_chars": 4000,
    "context_tokens": 8192,
    "vllm": {
        "gpus": 0,
        "fit_answers": True,
        "env": {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"},
        "engine_kwargs": {"dtype": "bfloat16", "enforce_eager": True, "max_num_seqs": 32},
    },
}
