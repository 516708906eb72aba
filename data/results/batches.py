"""Batches of uint8 images made ready for a network: standardized and, if asked, cropped and flipped at random."""

import numpy as np
import torch
from torch.nn import functional as F


def channel_statistics(images: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel of uint8 images (N, C, H, W), float32, each (1, C, 1, 1)."""
    values = np.arange(256)
    # A histogram holds all there is to know of bytes, and needs no copy of the images in float64.
    counts = np.stack([np.bincount(images[:, c].ravel(), minlength=256) for c in range(images.shape[1])])
    shares = counts / counts.sum(1, keepdims=True)
    mean = shares @ values
    std = np.sqrt((shares * (values - mean[:, None]) ** 2).sum(1))
    return tuple(torch.from_numpy(v.astype(np.float32)).reshape(1, -1, 1, 1) for v in (mean, std))


def cropped_and_flipped(x: torch.Tensor, generator: torch.Generator, pad: int = 4) -> torch.Tensor:
    """Each image of x (N, C, H, W) at a random place in a black frame of `pad` pixels, and half of them mirrored."""
    n, channels, height, width = x.shape
    down, right = torch.randint(0, 2 * pad + 1, (2, n, 1), generator=generator)
    mirrored = torch.randint(0, 2, (n, 1), generator=generator).bool()
    across = torch.arange(width)
    rows = (down + torch.arange(height)).to(x.device)
    columns = (right + torch.where(mirrored, across.flip(0), across)).to(x.device)
    image, channel = (torch.arange(k, device=x.device) for k in (n, channels))
    framed = F.pad(x, (pad,) * 4)
    return framed[image[:, None, None, None], channel[:, None, None], rows[:, None, :, None], columns[:, None, None]]


def ready(x: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """uint8 images (N, C, H, W) as standardized float32 in channels_last order."""
    return ((x.float() - mean) / std).contiguous(memory_format=torch.channels_last)
