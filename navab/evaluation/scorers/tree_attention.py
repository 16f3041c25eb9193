"""Attention over a prefix tree, block by block, as an attention function of transformers.

A model that is loaded with the implementation NAME and called with `blocks` computes each block's attention by itself,
in transformers' own way (sdpa): no node is compared with the many that it does not see. Without `blocks` it is sdpa.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from navab.evaluation.scorers.prefix_tree import Block, Pack

NAME = "navab_tree"


@dataclass(slots=True)
class TreeBlocks:
    """The blocks of a pack on a device; masks are made once for all layers with the same window."""

    blocks: list[Block]
    keys: list[torch.Tensor]
    dtype: torch.dtype
    _masks: dict[int | None, list[torch.Tensor]] = field(default_factory=dict)

    @classmethod
    def of(cls, pack: Pack, dtype: torch.dtype, device: str) -> TreeBlocks:
        blocks = pack.blocks()
        return cls(blocks, [torch.from_numpy(block.keys).to(device) for block in blocks], dtype)

    def masks(self, window: int | None) -> list[torch.Tensor]:
        """One additive mask a block, 1 x 1 x nodes x keys."""
        if window not in self._masks:
            self._masks[window] = [self._mask(block, window) for block in self.blocks]
        return self._masks[window]

    def _mask(self, block: Block, window: int | None) -> torch.Tensor:
        hidden = torch.from_numpy(~block.within(window))[None, None]
        mask = torch.zeros(hidden.shape, dtype=self.dtype).masked_fill_(hidden, torch.finfo(self.dtype).min)
        return mask.to(self.keys[0].device)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    blocks: TreeBlocks | None = None,
    sliding_window: int | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as transformers calls it: 1 x heads x nodes x size in, 1 x nodes x heads x size out.

    What else models hand over (`options`) is sdpa's.
    """
    if blocks is None:
        result: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, sliding_window=sliding_window, **options
        )
        return result
    parts = [
        sdpa_attention_forward(
            module,
            query[:, :, block.nodes.start : block.nodes.stop],
            key.index_select(2, keys),
            value.index_select(2, keys),
            mask,
            **options,
        )[0]
        for block, keys, mask in zip(blocks.blocks, blocks.keys, blocks.masks(sliding_window), strict=True)
    ]
    return torch.cat(parts, dim=1), None


def register() -> None:
    """Make NAME known to transformers; it may be called again."""
    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
