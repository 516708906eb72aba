"""What torchvision does for one image of MNIST, call by call: the usual side of training_loop.py.

torchvision is no dependency of the course. These are the paths that its 0.28 takes (datasets/mnist.py, utils.py,
transforms/functional.py, BSD-3-Clause), the checks and the usage log that it runs for every image included: where the
two were measured side by side, an image took the same time.
"""

import sys
from types import FunctionType

import numpy as np
import torch
from PIL import Image
from PIL import __version__ as PILLOW
from torch.utils.data import Dataset


class MNIST(Dataset):
    """torchvision.datasets.MNIST, from arrays of bytes: images (N, 28, 28), labels (N,)."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, transform) -> None:
        self.data, self.targets, self.transform = torch.from_numpy(images), torch.from_numpy(labels), transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image, target = self.data[index], int(self.targets[index])
        image = image_from_array(image.numpy(), mode="L")
        if self.transform is not None:
            image = self.transform(image)
        return image, target


class Compose:
    """torchvision.transforms.Compose."""

    def __init__(self, transforms: list) -> None:
        self.transforms = transforms

    def __call__(self, image):
        for transform in self.transforms:
            image = transform(image)
        return image


class ToTensor:
    """torchvision.transforms.ToTensor: a PIL image (H, W) -> float32 (1, H, W) from 0 to 1."""

    def __call__(self, image: Image.Image) -> torch.Tensor:
        return to_tensor(image)


class Normalize(torch.nn.Module):
    """torchvision.transforms.Normalize: (x - mean) / std of each channel."""

    def __init__(self, mean: tuple, std: tuple) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return normalize(image, self.mean, self.std)


def image_from_array(array: np.ndarray, mode: str) -> Image.Image:
    if tuple(int(part) for part in PILLOW.split(".")) >= (11, 3):
        return Image.fromarray(array)
    return Image.fromarray(array, mode)


def to_tensor(image: Image.Image) -> torch.Tensor:
    if not torch.jit.is_scripting() and not torch.jit.is_tracing():
        log_api_usage_once(to_tensor)
    if not (is_image(image) or isinstance(image, np.ndarray)):
        raise TypeError(f"a PIL image or an array is expected, not {type(image)}")
    if isinstance(image, np.ndarray) and image.ndim not in {2, 3}:
        raise ValueError(f"2 or 3 dimensions are expected, not {image.ndim}")
    dtype = torch.get_default_dtype()
    dtypes = {"I": np.int32, "I;16" if sys.byteorder == "little" else "I;16B": np.int16, "F": np.float32}
    pixels = torch.from_numpy(np.array(image, dtypes.get(image.mode, np.uint8), copy=True))
    if image.mode == "1":
        pixels = 255 * pixels
    pixels = pixels.view(image.size[1], image.size[0], channels(image)).permute((2, 0, 1)).contiguous()
    return pixels.to(dtype=dtype).div(255) if isinstance(pixels, torch.ByteTensor) else pixels


def normalize(image: torch.Tensor, mean: tuple, std: tuple) -> torch.Tensor:
    if not torch.jit.is_scripting() and not torch.jit.is_tracing():
        log_api_usage_once(normalize)
    if not isinstance(image, torch.Tensor) or not image.is_floating_point() or image.ndim < 3:
        raise TypeError(f"a tensor of floats (C, H, W) is expected, not {type(image)}")
    image = image.clone()
    mean = torch.as_tensor(mean, dtype=image.dtype, device=image.device)
    std = torch.as_tensor(std, dtype=image.dtype, device=image.device)
    if (std == 0).any():
        raise ValueError("a standard deviation is 0")
    return image.sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))


def is_image(image) -> bool:
    return isinstance(image, Image.Image)


def channels(image: Image.Image) -> int:
    if is_image(image):
        if hasattr(image, "getbands"):
            return len(image.getbands())
        return image.channels
    raise TypeError(f"a PIL image is expected, not {type(image)}")


def log_api_usage_once(what) -> None:
    module = what.__module__
    if not module.startswith("torchvision"):
        module = f"torchvision.internal.{module}"
    name = what.__class__.__name__
    if isinstance(what, FunctionType):
        name = what.__name__
    torch._C._log_api_usage_once(f"{module}.{name}")
