"""Unit 11's networks at full size: training that keeps a checkpoint every epoch and goes on from it.

A run that was stopped, by whatever means, and started again gives what one that was not gives: on a CPU, with the same
number of threads, bit for bit.
"""

import json
import pickle
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from time import monotonic, process_time

import numpy as np
import torch
from batches import channel_statistics, cropped_and_flipped, ready
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm
from whole_files import write_whole

PRECISIONS = {"float32": "float32", "bfloat16": "bfloat16 autocast, parameters in float32"}
COLUMNS = ["training loss", "test accuracy", "training accuracy", "test loss"]


@dataclass(frozen=True)
class Run:
    """What makes a run the one that it is. How many epochs of it there are is another matter."""

    net: str
    arm: str
    seed: int
    width: int
    images: str
    precision: str = "float32"  # one of PRECISIONS
    augment: bool = False
    batch_size: int = 128
    lr: float = 0.01

    @property
    def name(self) -> str:
        """Its name in a record."""
        return f"{self.net}/{self.arm}/{self.seed}"

    def file(self, folder: Path) -> Path:
        """Where its checkpoint is kept."""
        return folder / f"{self.net}-{self.width}-{re.sub('[^A-Za-z0-9γ]', '', self.arm)}-{self.seed}.pt"


class Images:
    """CIFAR-10 on a device, as uint8, with what it takes to standardize a batch."""

    def __init__(self, arrays: tuple, device: torch.device) -> None:
        self.X, self.y, self.X_test, self.y_test = (torch.from_numpy(array).to(device) for array in arrays)
        self.mean, self.std = (statistic.to(device) for statistic in channel_statistics(arrays[0]))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The folder for this process only, while it lives. Raises BlockingIOError where another has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def read_checkpoint(run: Run, folder: Path) -> dict | None:
    """What was kept of a run: model, optimizer, generators, history, sessions; None if nothing was.

    Raises ValueError, with one line, where the file is damaged or belongs to a run with other settings.
    """
    file = run.file(folder)
    if not file.is_file():
        return None
    try:
        kept = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile) as problem:
        raise ValueError(f"{file} is damaged ({type(problem).__name__}): move it away to start anew.") from None
    for setting, value in asdict(run).items():
        if kept["run"][setting] != value:
            raise ValueError(f"{file} has {setting} {kept['run'][setting]!r}, not {value!r}: name another folder.")
    return kept


class Training:
    """A network in training, an epoch at a time."""

    def __init__(self, run: Run, make_net: Callable[[str, str, int], nn.Module], images: Images) -> None:
        torch.manual_seed(run.seed)  # the same initial weights as the unit's own run of this seed
        self.run, self.images, self.device = run, images, images.X.device
        self.model = make_net(run.net, run.arm, run.width).to(self.device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=run.lr)
        self.generator = torch.Generator().manual_seed(run.seed)
        self.history: list[list[float]] = []  # an epoch's row: COLUMNS
        self.seconds: list[float] = []  # wall time of each epoch; a pause of the process counts
        self.cpu_seconds: list[float] = []
        self.sessions: list[dict] = []  # where each of its epochs was computed

    def _loss(self, x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean loss of uint8 images, and how many answers are right."""
        low = self.run.precision == "bfloat16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=low):
            logits = self.model(ready(x, self.images.mean, self.images.std))
        logits = logits.float()
        return F.cross_entropy(logits, labels), (logits.detach().argmax(1) == labels).sum()

    def steps(self) -> int:
        """In an epoch: a last, shorter batch is left out, as in the unit."""
        return len(self.images.X) // self.run.batch_size

    def epoch(self, after_step: Callable[[], object] = lambda: None) -> list[float]:
        """Train for one epoch, then test. Returns its row, with the columns COLUMNS."""
        began, cpu_began, size = monotonic(), process_time(), self.run.batch_size
        X, y = self.images.X, self.images.y
        order = torch.randperm(len(X), generator=self.generator)[: self.steps() * size].split(size)
        losses, rights = [], []
        self.model.train()
        for batch in reversed(order):  # the unit takes its batches from the end
            batch = batch.to(self.device)
            x = cropped_and_flipped(X[batch], self.generator) if self.run.augment else X[batch]
            loss, right = self._loss(x, y[batch])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
            rights.append(right)
            after_step()
        tested = self.test()
        trained = torch.stack(losses).mean().item(), torch.stack(rights).sum().item() / (len(order) * size)
        self.history.append([trained[0], tested[1], trained[1], tested[0]])
        self.seconds.append(monotonic() - began)
        self.cpu_seconds.append(process_time() - cpu_began)
        return self.history[-1]

    @torch.no_grad()
    def test(self) -> tuple[float, float]:
        """Mean loss and accuracy on the test images, in evaluation mode and the precision of training."""
        self.model.eval()
        loss, right = 0.0, 0
        for x, labels in zip(self.images.X_test.split(500), self.images.y_test.split(500)):
            batch_loss, batch_right = self._loss(x, labels)
            loss, right = loss + batch_loss.item() * len(x), right + batch_right.item()
        return loss / len(self.images.X_test), right / len(self.images.X_test)

    def keep(self, folder: Path) -> None:
        """Write the checkpoint. The one before it is there until this one is whole."""
        cuda = torch.cuda.get_rng_state_all() if self.device.type == "cuda" else []
        state = {
            "run": asdict(self.run),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generators": {"order": self.generator.get_state(), "torch": torch.get_rng_state(), "cuda": cuda},
            "history": self.history,
            "images": {"to train on": len(self.images.X), "to test": len(self.images.X_test)},
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "sessions": self.sessions,
        }
        write_whole(self.run.file(folder), lambda out: torch.save(state, out))

    def go_on_from(self, kept: dict) -> None:
        """Be what a checkpoint says."""
        self.model.load_state_dict(kept["model"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.generator.set_state(kept["generators"]["order"])
        torch.set_rng_state(kept["generators"]["torch"])
        if self.device.type == "cuda" and kept["generators"]["cuda"]:
            torch.cuda.set_rng_state_all(kept["generators"]["cuda"])
        self.history, self.sessions = kept["history"], kept["sessions"]
        self.seconds, self.cpu_seconds = kept["seconds"], kept["cpu_seconds"]


def train_all(
    runs: list[Run], epochs: int, make_net: Callable, images: Images, folder: Path, session: dict, show: bool = True
) -> None:
    """Do what is missing of the runs, one after the other, and keep every epoch.

    session: the provenance of this process. show: a bar with the time left for all of it. Raises BlockingIOError where
    another process is at work in the folder.
    """
    session = json.loads(json.dumps(session))  # plain types: torch.__version__ is none, and would not load again
    done = {run: len((read_checkpoint(run, folder) or {"history": ()})["history"]) for run in runs}
    steps = len(images.X) // runs[0].batch_size
    missing = sum(max(0, epochs - n) for n in done.values()) * steps
    interval = 0.1 if sys.stderr.isatty() else 60  # in a log file, a line a minute will do
    with alone(folder), tqdm(total=missing, unit="step", mininterval=interval, smoothing=0.05, disable=not show) as bar:
        for run in runs:
            if done[run] >= epochs:
                continue
            training = Training(run, make_net, images)
            if kept := read_checkpoint(run, folder):
                training.go_on_from(kept)
            training.sessions.append(session | {"from_epoch": len(training.history)})
            while len(training.history) < epochs:
                bar.set_description(f"{run.name}, epoch {len(training.history) + 1} of {epochs}", refresh=False)
                row = training.epoch(bar.update)
                training.sessions[-1]["date"] = date.today().isoformat()
                training.keep(folder)
                said = ", ".join(f"{column} {value:.4f}" for column, value in zip(COLUMNS, row))
                bar.write(f"{run.name}: epoch {len(training.history)} of {epochs}: {said}")


def in_json(history: list[list[float]]) -> list[list[float | None]]:
    """A history's rows with four digits. A network that diverged has no loss: null."""
    return [[round(v, 4) if np.isfinite(v) else None for v in row] for row in history]


def record_of(runs: list[Run], epochs: int, folder: Path, command: str, partial: bool = False) -> dict | None:
    """What a record says of the runs' first `epochs` epochs: where, when and how they were computed, and their rows.

    command: what does it again. None where one of them is not finished; with `partial`, where none has an epoch.
    """
    found = {run: kept for run in runs if (kept := read_checkpoint(run, folder))}
    unfinished = {run.name: len(found[run]["history"]) if run in found else 0 for run in runs}
    unfinished = {name: n for name, n in unfinished.items() if n < epochs}
    if not found or (unfinished and not partial):
        return None
    sessions = [session for kept in found.values() for session in kept["sessions"]]
    first = runs[0]
    versions = list({json.dumps(session["versions"]): session["versions"] for session in sessions}.values())
    return {
        "data": first.images,
        "command": command,
        "date": max(session["date"] for session in sessions),
        "hardware": "; then ".join(dict.fromkeys(session["hardware"] for session in sessions)),
        "versions": versions[0] if len(versions) == 1 else versions,
        "seeds": sorted({run.seed for run in found}),
        "width": first.width,
        "epochs": epochs,
        **({"unfinished": unfinished} if unfinished else {}),
        "batch size": first.batch_size,
        "learning rate": first.lr,
        "precision": PRECISIONS[first.precision],
        "memory format": "channels_last",
        "augmentation": "random crops and mirroring" if first.augment else "none",
        "images": found[next(iter(found))]["images"],
        "seconds": {run.name: round(sum(kept["seconds"][:epochs])) for run, kept in found.items()},
        "cpu seconds": {run.name: round(sum(kept["cpu_seconds"][:epochs])) for run, kept in found.items()},
        "columns": COLUMNS,
        "results": {run.name: in_json(kept["history"][:epochs]) for run, kept in found.items()},
    }
