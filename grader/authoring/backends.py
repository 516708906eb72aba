"""Numeric backends: the processors, thread counts and last bits that an answer's numbers may meet, imitated here.

NumPy, OpenBLAS, PyTorch, oneDNN and MKL choose code by the processor's features, and sum in another order with each.
Environment variables take features away, so a recent machine can do as older ones do.
"""

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DISTURBED = "BNCOURSE_DISTURBED"  # random inputs of checks differ in their last bit
# As NumPy calls features, in its older releases one by one, since 2.4 by the levels of x86-64.
AVX2 = ("AVX2", "FMA3", "X86_V3")
AVX512 = ("AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR", "X86_V4")


@dataclass(frozen=True)
class Backend:
    """One way of computing: a name, the features that the machine must have, and what imitates it."""

    name: str
    needs: tuple[str, ...]
    torch: str = ""  # ATEN_CPU_CAPABILITY
    blas: str = ""  # OPENBLAS_CORETYPE
    without: tuple[str, ...] = ()  # features that NumPy must do without
    threads: int = 0
    more: tuple[tuple[str, str], ...] = ()

    def environment(self) -> dict[str, str]:
        """os.environ with what imitates the backend."""
        chosen = {**os.environ, **dict(self.more)}
        if self.torch:
            chosen["ATEN_CPU_CAPABILITY"] = self.torch
        if self.blas:
            chosen["OPENBLAS_CORETYPE"] = self.blas
        if without := [feature for feature in self.without if feature in _numpy_dispatches()]:
            chosen["NPY_DISABLE_CPU_FEATURES"] = " ".join(without)
        if self.threads:
            chosen |= {"OMP_NUM_THREADS": str(self.threads), "OPENBLAS_NUM_THREADS": str(min(self.threads, 2))}
            chosen["MKL_DYNAMIC"] = "FALSE"  # or it would take no more threads than the machine has cores
        return chosen


BACKENDS = [
    Backend("native", ()),
    Backend(
        "sse",
        (),
        "default",
        "Prescott",
        (*AVX2, *AVX512),
        1,
        (("ONEDNN_MAX_CPU_ISA", "SSE41"), ("MKL_ENABLE_INSTRUCTIONS", "SSE4_2")),
    ),
    Backend("avx2", ("avx2", "fma"), "avx2", "Haswell", AVX512, 2, (("ONEDNN_MAX_CPU_ISA", "AVX2"),)),
    Backend("avx512", ("avx512f", "avx512bw", "avx512dq", "avx512vl"), "avx512", "SkylakeX", (), 4),
    Backend("disturbed", (), more=((DISTURBED, "1"),)),
]


def available() -> list[Backend]:
    """The backends that this machine can imitate; "native" is the first."""
    features = _features()
    return [b for b in BACKENDS if features.issuperset(b.needs)]


def lacking() -> list[str]:
    """The names of those that it cannot."""
    return [b.name for b in BACKENDS if b not in available()]


def _features() -> set[str]:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                return set(line.split(":")[1].split())
    return set()


def _numpy_dispatches() -> set[str]:
    """The features of this machine that NumPy can be told to do without."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return {name for name in __cpu_dispatch__ if __cpu_features__.get(name)}


# Disturbing: where the environment asks for it, random numbers that cells draw differ in their last bit.

DRAWS = ("normal", "standard_normal", "randn", "uniform", "rand", "random_sample", "exponential")  # of NumPy
TORCH_DRAWS = ("randn", "rand", "normal")
_STEADY = np.random.RandomState


def _nudged(values):
    """Floats moved to one of their neighbours."""
    values = np.asarray(values)
    if values.dtype.kind != "f":
        return values
    up = np.arange(values.size).reshape(values.shape) % 3 == 0
    return np.nextafter(values, np.where(up, np.inf, -np.inf).astype(values.dtype))[()]


class _Disturbed(_STEADY):
    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        return (lambda *args, **kwargs: _nudged(found(*args, **kwargs))) if name in DRAWS else found


def disturb() -> None:
    """Begin to disturb, where the environment asks for it; the kit, whose numbers must not be, is loaded before."""
    if not os.environ.get(DISTURBED):
        return
    np.random.RandomState = _Disturbed
    if torch := sys.modules.get("torch"):
        for name in TORCH_DRAWS:
            if not hasattr(getattr(torch, name), "steady"):
                setattr(torch, name, _nudging(torch, getattr(torch, name)))


def leave_steady() -> None:
    """End it."""
    np.random.RandomState = _STEADY


def _nudging(torch, steady):
    def draw(*args, **kwargs):
        values = steady(*args, **kwargs)
        with torch.no_grad():
            nearby = torch.nextafter(values, torch.full_like(values, float("inf")))
        return nearby.requires_grad_(values.requires_grad)

    draw.steady = steady
    return draw
