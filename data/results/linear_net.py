"""Unit 09's deep linear net at many seeds and rates at once, exactly, in a form that takes milliseconds a step.

With X (N, D) and the constant 1, Q R = [1 X] has 11 columns. All that the net computes lies in their span, linear
layers and BN included, so N rows can be replaced by their 11 coordinates in Q: sums of squares, and so losses and
variances, are the same. The first coordinate of a feature is √N times its mean. BN sets it to √N·β.
"""

import numpy as np

EPS = 1e-5  # nn.BatchNorm1d's


class LinearNets:
    """R deep linear nets in float64: W (R, L, D, D) and, with BN behind all but the last layer, γ and β (R, L−1, D)."""

    def __init__(self, unit: dict, batchnorm: bool, runs: list[tuple[int, float]]):
        """runs: (seed, rate) of each; initial weights and data come from the unit's linear_net and linear_data."""
        self.batchnorm, self.rates = batchnorm, np.array([rate for _, rate in runs])
        models = [unit["linear_net"](batchnorm, seed) for seed, _ in runs]
        self.W = np.array([[m.weight.detach().numpy() for m in model if m.weight.ndim == 2] for model in models], "f8")
        R, L, D, _ = self.W.shape
        self.gamma, self.beta = np.ones((R, L - 1, D)), np.zeros((R, L - 1, D))
        data = [[a.numpy().astype("f8") for a in unit["linear_data"](seed)] for seed, _ in runs]
        self.N = len(data[0][0])
        self.x, self.y = (np.array(a) for a in zip(*(self._coordinates(x, y) for x, y in data)))

    def _coordinates(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        Q, R = np.linalg.qr(np.column_stack([np.ones(len(x)), x]))
        Q *= np.sign(R[0, 0])
        return Q.T @ x, Q.T @ y

    def parameters(self) -> list[np.ndarray]:
        return [self.W, self.gamma, self.beta] if self.batchnorm else [self.W]

    def gradients(self, W, gamma=None, beta=None) -> tuple[np.ndarray, list[np.ndarray]]:
        """The losses (R,) at these parameters, and the gradients with respect to them."""
        h, inputs, kept, last = self.x, [], [], W.shape[1] - 1
        for i in range(last + 1):
            inputs.append(h)
            h = h @ W[:, i].swapaxes(1, 2)
            if self.batchnorm and i < last:
                h[:, 0] = 0  # the mean
                std = np.sqrt((h**2).sum(1, keepdims=True) / self.N + EPS)
                h /= std
                kept.append((h, std))
                h = h * gamma[:, i, None]
                h[:, 0] = np.sqrt(self.N) * beta[:, i]
        error = h - self.y
        loss, d = (error**2).sum((1, 2)), 2 * error
        grads = [np.zeros_like(a) for a in (W, gamma, beta) if a is not None]
        for i in range(last, -1, -1):
            if self.batchnorm and i < last:
                x_hat, std = kept[i]
                grads[2][:, i] = np.sqrt(self.N) * d[:, 0]
                grads[1][:, i] = (d * x_hat).sum(1)  # x_hat[:, 0] is 0
                d = d * gamma[:, i, None]
                d = (d - x_hat * (d * x_hat).sum(1, keepdims=True) / self.N) / std
                d[:, 0] = 0
            grads[0][:, i] = d.swapaxes(1, 2) @ inputs[i]
            d = d @ W[:, i]
        return loss, grads

    def moved(self, grads: list[np.ndarray], factor: float = 1.0, front: int | None = None) -> list[np.ndarray]:
        """The parameters after a step of factor times the rate; with front, of those in front of that layer only."""
        out = []
        for p, g in zip(self.parameters(), grads):
            step = factor * self.rates.reshape(-1, *[1] * (p.ndim - 1)) * g
            if front is not None:
                step[:, front:] = 0
            out.append(p - step)
        return out

    def step(self) -> None:
        """One step of gradient descent in every run."""
        new = self.moved(self.gradients(*self.parameters())[1])
        self.W, (self.gamma, self.beta) = new[0], new[1:] if self.batchnorm else (self.gamma, self.beta)

    def probe(self, walk: np.ndarray, layers: tuple[int, ...]) -> np.ndarray:
        """The unit's COLUMNS (R, 13): of a walk of multiples of the rate, and the shift that some layers feel."""
        loss, grads = self.gradients(*self.parameters())
        norm = _length(grads)
        losses, changes = [], []
        for factor in walk:
            there, g = self.gradients(*self.moved(grads, factor))
            losses.append(there)
            changes.append(_length([a - b for a, b in zip(g, grads)]))
        losses, changes = np.array(losses), np.array(changes)
        beta = (changes / (np.outer(walk, self.rates) * norm)).max(0)
        columns = [loss, losses.min(0), losses.max(0), changes.min(0), changes.max(0), norm, beta]
        for layer in layers:
            G, G_new = grads[0][:, layer], self.gradients(*self.moved(grads, front=layer))[1][0][:, layer]
            a, b = _length([G]), _length([G_new])
            columns += [_length([G - G_new]), (G * G_new).sum((1, 2)) / (a * b), a]
        return np.transpose(columns)


def _length(arrays: list[np.ndarray]) -> np.ndarray:
    """The ℓ2 length of all numbers of each run, (R,)."""
    return np.sqrt(sum((a**2).reshape(len(a), -1).sum(1) for a in arrays))
