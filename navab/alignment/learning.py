"""Training with TRL: from rows of pairs to an adapter. Knows torch, transformers, peft and TRL, and nothing of Ray.

Several processes may run it together: they find each other through torch's environment variables, as transformers'
trainer does it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from navab.alignment.methods import trainer_of
from navab.alignment.training import Point
from navab.errors import ConfigurationError, EngineError
from navab.options.alignment import AlignmentSection

ADAPTER = "adapter"
_CURVE = {"accuracy": "rewards/accuracies", "margin": "rewards/margins"}
Saved = Callable[[int, Path], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a process learns: `rows` are in the columns of the method's trainer, in the order of learning."""

    model: str
    seed: int
    options: AlignmentSection
    rows: Sequence[Mapping[str, Any]]


def learn(lesson: Lesson, folder: Path, resume: Path | None, saved: Saved, watch: Callable[[Point], None]) -> None:
    """Train, and leave the adapter and the tokenizer in `folder`/adapter (the first process does).

    `resume` is a checkpoint that an earlier call handed to `saved`, which is called with every checkpoint's step and
    folder; `watch` with every point of the curve. Raises EngineError if the model cannot be loaded, ConfigurationError
    if TRL refuses a setting.
    """
    import torch  # noqa: PLC0415  (an extra)
    import transformers  # noqa: PLC0415
    from datasets import Dataset, disable_progress_bars  # noqa: PLC0415

    options = lesson.options
    if not options.use_gpu:
        torch.set_num_threads(options.cpus_per_worker)
    transformers.utils.logging.disable_progress_bar()
    disable_progress_bars()
    transformers.set_seed(lesson.seed)  # the adapter's first weights are random
    make_trainer, _ = trainer_of(options.method).load()
    model, tokenizer = _load(lesson.model, options, torch, transformers)
    trainer = make_trainer(
        model=model,
        args=settings(lesson, folder),
        train_dataset=Dataset.from_list([dict(row) for row in lesson.rows]),
        processing_class=tokenizer,
        peft_config=_adapter(options),
        callbacks=[_watcher(transformers.TrainerCallback, saved, watch)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
    trainer.save_model(str(folder / ADAPTER))


def check_settings(options: AlignmentSection) -> None:
    """Raise ConfigurationError if TRL does not know the method or a key of `alignment.trainer`."""
    _, configuration = trainer_of(options.method).load()
    unknown = sorted(options.trainer.keys() - configuration.__dataclass_fields__.keys())
    if unknown:
        raise ConfigurationError(f"alignment.trainer: {configuration.__name__} of TRL has no {', '.join(unknown)}")


def settings(lesson: Lesson, folder: Path) -> Any:
    """TRL's configuration of a training; raises ConfigurationError if it refuses one of `alignment.trainer`."""
    options = lesson.options
    _, configuration = trainer_of(options.method).load()
    chosen: dict[str, Any] = {
        "output_dir": str(folder),
        "seed": lesson.seed,
        "max_steps": options.steps,
        "train_sampling_strategy": "sequential",  # the lesson's order: transformers would shuffle it
        "per_device_train_batch_size": options.batch,
        "gradient_accumulation_steps": options.accumulate,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": "linear",
        "max_length": options.max_tokens,
        "bf16": options.precision == "bfloat16",
        "gradient_checkpointing": options.gradient_checkpointing,
        "save_steps": options.checkpoint_steps,
        "save_total_limit": 1,
        "logging_steps": options.logging_steps,
        "use_cpu": not options.use_gpu,
        "disable_tqdm": True,
        "report_to": [],
    }
    if "beta" in configuration.__dataclass_fields__:
        chosen["beta"] = options.beta
    try:
        return configuration(**{**chosen, **options.trainer})
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"alignment.trainer: TRL refuses it: {' '.join(str(error).split())[:200]}") from error


def _load(name: str, options: AlignmentSection, torch: Any, transformers: Any) -> tuple[Any, Any]:
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        model = transformers.AutoModelForCausalLM.from_pretrained(name, dtype=getattr(torch, options.precision))
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise EngineError(f"cannot load model {name}: {' '.join(str(error).split())[:300]}") from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def _adapter(options: AlignmentSection) -> Any:
    import peft  # noqa: PLC0415

    lora = options.lora
    modules = lora.modules if isinstance(lora.modules, str) else list(lora.modules)
    return peft.LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=modules, task_type="CAUSAL_LM"
    )


def _watcher(base: Any, saved: Saved, watch: Callable[[Point], None]) -> Any:
    """A callback of transformers' trainer; its class is made here because its base is in an extra."""

    class Watcher(base):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **_: Any) -> None:
            if "loss" in logs:
                watch(point_of(state.global_step, logs))

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            saved(state.global_step, Path(args.output_dir) / f"checkpoint-{state.global_step}")

    return Watcher()


def point_of(step: int, logs: Mapping[str, Any]) -> Point:
    """What the trainer has logged as a point of the curve."""
    extra = {name: float(logs[key]) for name, key in _CURVE.items() if key in logs}
    return Point(step=step, loss=float(logs["loss"]), **extra)
