"""Scores with transformers, on a CPU or one GPU: every distinct prefix of a batch is computed once.

Sequences are packed as prefix trees (prefix_tree.py), attention is computed block by block (tree_attention.py), logits
only where a scored token follows. A model that does not hand its blocks to attention is found out when it is loaded,
and then reads sequence by sequence.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from navab.errors import EngineError
from navab.evaluation.scorers.base import Choice, Free, Scored
from navab.evaluation.scorers.prefix_tree import Pack, Sequent, packs
from navab.evaluation.scorers.tokens import Encoder, cut_answer

INSTALL = "pip install 'navab[evaluation]'"
MOST_NODES = 2048  # a pack
_MOST_LOGITS = 1 << 28  # numbers at a time
_ANSWERS_AT_ONCE = 16
_TOLERANCE = {"float32": 1e-3}
_COARSE = 0.25  # other types


class TransformersScorer:
    """A causal language model in this process.

    `model` is a folder or hub id, `dtype` one of float32, bfloat16 and float16, `device` as torch names it (absent: a
    GPU if there is one). Raises EngineError if torch and transformers are missing or the model cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        *,
        name: str | None = None,
        dtype: str = "float32",
        device: str | None = None,
        most_nodes: int = MOST_NODES,
        chat_template_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        for module in ("torch", "transformers"):
            if importlib.util.find_spec(module) is None:
                raise EngineError(f"scorer transformers needs {module}: {INSTALL}")
        import torch  # noqa: PLC0415
        import transformers  # noqa: PLC0415

        from navab.evaluation.scorers import tree_attention  # noqa: PLC0415

        tree_attention.register()
        self._blocks = tree_attention.TreeBlocks.of
        self.name = name or model
        self._torch = torch
        self._dtype = dtype
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        transformers.utils.logging.disable_progress_bar()
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(model)
            loaded = transformers.AutoModelForCausalLM.from_pretrained(
                model, dtype=getattr(torch, dtype), attn_implementation=tree_attention.NAME
            )
        except (OSError, ValueError, ImportError, KeyError) as error:
            raise EngineError(f"cannot load model {model}: {' '.join(str(error).split())[:300]}") from error
        self._model = loaded.to(self._device).eval()
        config = loaded.config.get_text_config()
        self._most_nodes = max(1, min(most_nodes, _MOST_LOGITS // config.vocab_size))
        self._encoder = Encoder(self._tokenizer, config.max_position_embeddings, chat_template_kwargs)
        self.reads_trees = self._takes_trees()

    def score(self, choices: Sequence[Choice]) -> list[tuple[Scored, ...]]:
        """Score the answers of every choice; float32 sums of log-softmax."""
        groups = [self._encoder.encode(choice) for choice in choices]
        scored = iter(self._scores(groups))
        return [tuple(next(scored) for _ in group) for group in groups]

    def answer(self, prompts: Sequence[Free]) -> list[str]:
        """Continue prompts greedily, those of like length together."""
        encoded = [self._encoder.prompt(prompt.prompt, chat=prompt.chat) for prompt in prompts]
        order = sorted(range(len(prompts)), key=lambda at: len(encoded[at][0]))
        answers = [""] * len(prompts)
        for start in range(0, len(order), _ANSWERS_AT_ONCE):
            part = order[start : start + _ANSWERS_AT_ONCE]
            most_tokens = max(prompts[at].max_tokens for at in part)
            for at, text in zip(part, self._continue([encoded[at][0] for at in part], most_tokens), strict=True):
                answers[at] = cut_answer(text, templated=encoded[at][1])
        return answers

    def _scores(self, groups: Sequence[Sequence[Sequent]]) -> list[Scored]:
        if self.reads_trees:
            return [one for pack in packs(groups, self._most_nodes) for one in self._read(pack)]
        return [one for group in groups for sequence in group for one in self._read(_alone(sequence))]

    def _read(self, pack: Pack) -> list[Scored]:
        """Run the model over a pack."""
        torch = self._torch
        nodes = pack.predicting()
        with torch.inference_mode():
            output = self._model(
                input_ids=torch.tensor([pack.tokens], device=self._device),
                position_ids=torch.tensor([pack.depths], device=self._device),
                logits_to_keep=torch.tensor(nodes, device=self._device),
                use_cache=False,
                **self._tree(pack),
            )
            logits = output.logits[0].float()
            totals = torch.logsumexp(logits, dim=-1)
            rows, tokens = _predicted(pack, nodes)
            found = logits[torch.tensor(rows, device=self._device), torch.tensor(tokens, device=self._device)]
            values = (found - totals[torch.tensor(rows, device=self._device)]).cpu().numpy().astype(np.float64)
        return _sums(pack, values)

    def _tree(self, pack: Pack) -> dict[str, Any]:
        """What the model is told of a tree; of a lone sequence nothing, whose attention is the usual one."""
        if len(pack.paths) == 1:
            return {}
        torch = self._torch
        # Blocks bring masks of their own; a mask of four dimensions keeps the model from making one for the pack.
        no_mask = torch.zeros((1, 1, 1, 1), device=self._device)
        return {"attention_mask": no_mask, "blocks": self._blocks(pack, getattr(torch, self._dtype), self._device)}

    def _takes_trees(self) -> bool:
        """Whether the model scores a small tree as it scores its sequences one by one."""
        first, *_ = self._encoder.encode(Choice("1 2 3 4 5 6", (" 7 8 9",)))
        middle = len(first.tokens) // 2
        other = Sequent((*first.tokens[:middle], *reversed(first.tokens)), 1)
        sequences = [Sequent(first.tokens, 1), other]
        apart = [one.log_probability for sequence in sequences for one in self._read(_alone(sequence))]
        tree = next(packs([[one] for one in sequences], 2 * len(first.tokens) + len(other.tokens)))
        try:
            together = [one.log_probability for one in self._read(tree)]
        except (RuntimeError, TypeError, ValueError, IndexError):
            return False
        allowed = _TOLERANCE.get(self._dtype, _COARSE) * len(first.tokens)
        return bool(np.allclose(apart, together, rtol=0, atol=allowed))

    def _continue(self, prompts: Sequence[Sequence[int]], most_tokens: int) -> list[str]:
        torch = self._torch
        padding = self._tokenizer.pad_token_id
        padding = self._tokenizer.eos_token_id if padding is None else padding
        longest = max(len(prompt) for prompt in prompts)
        ids = [[padding] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
        mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=torch.tensor(ids, device=self._device),
                attention_mask=torch.tensor(mask, device=self._device),
                max_new_tokens=most_tokens,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=padding,
            )
        return [str(text) for text in self._tokenizer.batch_decode(made[:, longest:], skip_special_tokens=True)]


def _alone(sequence: Sequent) -> Pack:
    pack = Pack()
    pack.add([sequence])
    return pack


def _predicted(pack: Pack, nodes: npt.NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """For every scored token of every sequence: the row of the node before it among `nodes`, and the token."""
    row_of = {int(node): row for row, node in enumerate(nodes)}
    rows = [row_of[node] for path, start in zip(pack.paths, pack.starts, strict=True) for node in path[start - 1 :]]
    return rows, [token for scored in pack.scored for token in scored]


def _sums(pack: Pack, values: npt.NDArray[np.float64]) -> list[Scored]:
    """Add up the log-probabilities of every sequence's scored tokens."""
    found, at = [], 0
    for scored, start in zip(pack.scored, pack.starts, strict=True):
        found.append(Scored(float(values[at : at + len(scored)].sum()), len(scored), start))
        at += len(scored)
    return found
