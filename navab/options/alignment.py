"""Alignment of models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from navab.options.articles import Code
from navab.options.evaluation import MethodName
from navab.options.section import Section


class LoraSection(Section):
    """The adapter that is trained: low-rank matrices beside the model's own, which stay as they are."""

    rank: int = Field(16, ge=1, description="Rank of the matrices")
    alpha: int = Field(32, ge=1, description="Their scale is alpha by rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of inputs that are left out at random")
    modules: str | tuple[str, ...] = Field("all-linear", description="Layers that get them, as peft names them")


class AlignmentSection(Section):
    """Alignment of a model with the preference pairs of a release."""

    model: str | None = Field(None, description="Folder or hub id of the model that is aligned")
    release: str | None = Field(None, description="Name or address of the release; absent: the lake's latest")
    nations: tuple[Code, ...] = Field(
        (), description="Whose pairs are learned; of several the prompt names the nation; empty: all of the release"
    )
    method: str = Field("dpo", description="Trainer of TRL: dpo, sft (on the chosen texts), kto, orpo or cpo")
    format: Literal["conversational", "plain"] = Field(
        "plain", description="As bare text, which is what `likelihood` measures, or in the model's chat template"
    )
    seeds: tuple[int, ...] = Field((0,), min_length=1, description="One training each")
    control: bool = Field(False, description="Train as well with labels flipped at random")
    ablation: bool = Field(False, description="Train as well on data without Conflict Reduction")
    balance: bool = Field(True, description="Leave pairs out until negation and length tell nothing")
    rewrite: bool = Field(False, description="Have the engine that wrote RS write S as well")
    pairs: int | None = Field(None, ge=1, description="Most pairs that are learned; absent: all")
    steps: int = Field(300, ge=1, description="Steps of training")
    batch: int = Field(8, ge=1, description="Pairs a step and worker")
    accumulate: int = Field(1, ge=1, description="Batches whose gradients make one step")
    learning_rate: float = Field(1e-4, gt=0, description="At its highest; falls to 0 in a line")
    beta: float = Field(0.1, gt=0, description="How far the model may leave its origin: larger is less; not of sft")
    max_tokens: int = Field(256, ge=16, description="Longest pair, in tokens; the rest is cut off")
    lora: LoraSection = LoraSection()
    precision: Literal["float32", "bfloat16"] = Field("float32", description="Of weights and products")
    gradient_checkpointing: bool = Field(False, description="Compute activations twice instead of keeping them")
    trainer: dict[str, Any] = Field(
        default_factory=dict, description="Further settings of TRL's configuration, e.g. {loss_type: [ipo]}"
    )
    workers: int = Field(1, ge=1, description="Workers of Ray Train; each takes `batch` pairs a step")
    cpus_per_worker: int = Field(1, ge=1, description="CPUs and threads of a worker")
    use_gpu: bool = Field(False, description="One GPU a worker")
    checkpoint_steps: int = Field(50, ge=1, description="Steps after which what was trained is kept")
    logging_steps: int = Field(10, ge=1, description="Steps that make one point of the curve")
    failures: int = Field(3, ge=0, description="Lost workers after which training is given up")
    methods: tuple[MethodName, ...] = Field(("likelihood",), description="How the model is measured before and after")
    limit: int | None = Field(None, ge=1, description="Test triples a nation at most; absent: all")
    evaluation_precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="Of the models when they are measured"
    )

    @field_validator("nations", "seeds")
    @classmethod
    def _once_each(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """What is named twice is meant once."""
        return tuple(dict.fromkeys(values))
