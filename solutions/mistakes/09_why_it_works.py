# %% exercise="q_noise"
# %% mistakes
# The shaken net has BN and unsteady inputs because we shook it. What BN does to the inputs when nobody shakes them is
# not tested by it. Which sentence has a 'because' that the experiment breaks?
# - q_noise = "b"  =>  q_noise = "a"
# That inputs move without BN can be seen directly (unit 02). This experiment leaves it as true as it was. It asks
# whether the moving is what slows training.
# - q_noise = "b"  =>  q_noise = "c"
# The shaken net still normalizes with its batch's μ and σ, and still sends gradients through them. So it would be quick
# under this sentence too: the sentence survives.
# - q_noise = "b"  =>  q_noise = "d"

# %% exercise="noisy_batchnorm"
# %% right="one sample after the other, stacked"
def noisy_batchnorm(a, rng):
    C, places = a.shape[1], tuple(a.shape[2:])
    mu, sigma = rng.uniform(-0.5, 0.5, C), rng.uniform(1.0, 1.25, C)
    mu, sigma = (z.reshape(C, *(1 for _ in places)) for z in (mu, sigma))
    shift = np.stack([rng.uniform(mu - 0.1, mu + 0.1, (C, *places)) for _ in range(len(a))])
    scale = np.stack([rng.normal(sigma, 0.1, (C, *places)) for _ in range(len(a))])
    shift, scale = (torch.tensor(z, dtype=a.dtype, device=a.device) for z in (shift, scale))
    return torch.stack([scale[i] * a[i] + shift[i] for i in range(a.shape[0])])
# %% right="standard noise, scaled and moved; the tensor's own methods"
def noisy_batchnorm(a, rng):
    per_channel = (1, -1) + (1,) * (a.dim() - 2)
    mu = a.new_tensor(rng.rand(a.size(1)) - 0.5).view(per_channel)
    sigma = a.new_tensor(1 + rng.rand(a.size(1)) / 4).view(per_channel)
    m = mu.add(a.new_tensor(rng.uniform(-1, 1, a.shape)), alpha=0.1)
    s = sigma.add(a.new_tensor(rng.standard_normal(a.shape)), alpha=0.1)
    return torch.addcmul(m, s, a)
# %% right="two cases, computed in float64"
def noisy_batchnorm(a, rng):
    size = (1, a.shape[1], 1, 1) if a.ndim == 4 else (1, a.shape[1])
    mu, sigma = rng.uniform(low=-0.5, high=0.5, size=size), rng.uniform(low=1, high=1.25, size=size)
    m = np.broadcast_to(mu, a.shape) + rng.uniform(-0.1, 0.1, size=a.shape)
    s = rng.normal(loc=np.broadcast_to(sigma, a.shape), scale=0.1)
    return (torch.as_tensor(s) * a.double() + torch.as_tensor(m)).to(a.dtype)
# %% mistakes
# The noise is shared by the whole batch: m and s, or one of them, have one value a channel, or one in all. The paper
# draws both anew for each value, around the channel's μ and σ: their size is a.shape.
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  m = rng.uniform(mu - 0.1, mu + 0.1, shape)
# & s = rng.normal(sigma, 0.1, a.shape)  =>  s = rng.normal(sigma, 0.1, shape)
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  m = rng.uniform(mu - 0.1, mu + 0.1, shape)
# - s = rng.normal(sigma, 0.1, a.shape)  =>  s = rng.normal(sigma, 0.1, shape)
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  np.broadcast_to(mu + rng.uniform(-0.1, 0.1), a.shape).copy()
# - rng.normal(sigma, 0.1, a.shape)  =>  np.broadcast_to(sigma + rng.normal(0, 0.1), a.shape).copy()
# There is no second draw: μ and σ were used as m and s. Every value gets its own m, around μ, and its own s, around σ.
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  m = mu
# & s = rng.normal(sigma, 0.1, a.shape)  =>  s = sigma
# μ or σ was drawn for each value too. Then the shifts average out, and the channel's distribution as a whole hardly
# moves: no covariate shift. One μ and one σ a channel: C numbers each.
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5, a.shape)
# & sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.25, a.shape)
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5, a.shape)
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.25, a.shape)
# μ or σ is a single number here, the same for all channels. Each channel has its own: C numbers each.
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5)
# & sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.25)
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5)
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.25)
# μ and σ were drawn one a sample (N numbers), not one a channel. The channels stand on the second axis: a.shape[1].
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5, (len(a), *[1] * (a.ndim - 1)))
# & sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.25, (len(a), *[1] * (a.ndim - 1)))
# In images every place of every channel got a μ and a σ of its own. Height and width belong to the batch: all places of
# a channel share one μ and one σ, C numbers each, in a shape that broadcasts: (C, 1, 1).
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = a.shape[1:]
# Tables come out right, images do not: C numbers were lined up with the last axis, the width. Give μ and σ the shape
# (C, 1, 1), which broadcasts to (N, C, H, W).
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = (1, a.shape[1])
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = a.shape[1:2]
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = a.shape[-1:]
# The shapes do not fit a table (N, C), or not images (N, C, H, W). Was a.shape taken apart into two names, or four? C
# is a.shape[1]. Follow a.ndim: the shape of μ and σ is (C,) for a table, (C, 1, 1) for images, that of m and s a.shape.
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = (a.shape[1], 1, 1)
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = (1, a.shape[1], 1, 1)
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  N, C, H, W = a.shape; shape = (C, 1, 1)
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  N, C = a.shape; shape = (C,)
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = (a.shape[1], 1)
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(mu - 0.1, mu + 0.1, a.shape[:2])
# rng.uniform takes low, high and one size, which is a tuple for two axes or more: (C, 1, 1).
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5, a.shape[1], 1, 1)
# In images m and s are shared by all places of a channel. They are drawn anew for each sample and place: size a.shape.
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  m = rng.uniform(mu - 0.1, mu + 0.1, (len(a), *shape))
# & s = rng.normal(sigma, 0.1, a.shape)  =>  s = rng.normal(sigma, 0.1, (len(a), *shape))
# PyTorch and NumPy do not multiply each other: s and m are still NumPy arrays. Make tensors of them:
# torch.from_numpy(…).to(a).
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  s * a + m
# m does not depend on μ: it was drawn from U(−0.1, 0.1). Draw it around the channel's μ, from U(μ − 0.1, μ + 0.1).
# Without μ the means stay at 0.
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(-0.1, 0.1, a.shape)
# s was not drawn from N(σ, 0.1): around σ, normally distributed, with 0.1 as its standard deviation, whatever σ is.
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(1, 0.1, a.shape)
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(0, 0.1, a.shape)
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.uniform(sigma - 0.1, sigma + 0.1, a.shape)
# - rng.normal(sigma, 0.1, a.shape)  =>  sigma * rng.normal(1, 0.1, a.shape)
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(0.1, sigma, a.shape)
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(sigma, size=a.shape)
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(np.sqrt(sigma), 0.1, a.shape)
# The spread of s is √0.1 or 0.1² here. In this course the 0.1 of N(σ, 0.1) is the standard deviation, which is what
# rng.normal takes.
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(sigma, 0.1**0.5, a.shape)
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(sigma, 0.1**2, a.shape)
# m was scaled too, as in s·(a + m) or a + s·m. The formula is s·a + m.
# - a + torch.from_numpy(m).to(a)  =>  (a + torch.from_numpy(m).to(a))
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  a + torch.from_numpy(s * m).to(a)
# m and s changed places: s multiplies, m is added.
# - (s).to(a) * a + torch.from_numpy(m).to(a)  =>  (m).to(a) * a + torch.from_numpy(s).to(a)
# The noise is only added (a + m). It scales too: s·a + m.
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  a + torch.from_numpy(m).to(a)
# The right distributions, drawn in another order: s before m. The same RandomState then hands out other numbers. The
# docstring's order is mu, sigma, m, s.
# - s = rng.normal(sigma, 0.1, a.shape)  =>  pass
# & m = rng.uniform  =>  s = rng.normal(sigma, 0.1, a.shape); m = rng.uniform
# The right distributions, drawn in another order: σ before μ. The same RandomState then hands out other numbers. The
# docstring's order is mu, sigma, m, s.
# - sigma = rng.uniform(1, 1.25, shape)  =>  pass
# & mu = rng.uniform  =>  sigma = rng.uniform(1, 1.25, shape); mu = rng.uniform
# σ was drawn from another interval. σ ~ U(1, 1.25): it stays near 1, it only widens.
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(-0.5, 0.5, shape)
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(0.75, 1.25, shape)
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(0, 1.25, shape)
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.5, shape)
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 0.25, shape)
# μ or σ was drawn from a normal distribution. Both are uniform: μ ~ U(−0.5, 0.5), σ ~ U(1, 1.25).
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.normal(1, 1.25, shape)
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.normal(0, 0.5, shape)
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.normal(-0.5, 0.5, shape)
# The noise, or the result, was made float32, which keeps seven digits; these activations are float64. Make tensors of
# a's own dtype: torch.from_numpy(…).to(a).
# - (s).to(a) * a + torch.from_numpy(m).to(a)  =>  (s).float() * a + torch.from_numpy(m).float()
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return (torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)).float()
# The random numbers are float64, and the result became float64 with them. The layers behind want a's dtype:
# torch.from_numpy(…).to(a).
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  torch.from_numpy(s) * a + torch.from_numpy(m)
# The result is right, but autograd cannot see how it came from a (was it taken through NumPy, detach() or no_grad?).
# The layers in front would learn nothing. Turn the noise into tensors, not a into an array.
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  torch.from_numpy(s * a.detach().numpy() + m).to(a)
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + torch.tensor(s * a.detach().numpy() + m, dtype=a.dtype, requires_grad=True)
# The result is a NumPy array. The next layer needs a tensor: make tensors of s and m, not an array of a.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  return s * a.detach().numpy() + m
# a itself was changed (*= or +=). Make a new tensor: the caller, and autograd, still need a.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + a *= torch.from_numpy(s).to(a); a += torch.from_numpy(m).to(a); return a
# A generator of your own was used, with a seed of its own, so every step would draw the same noise. Draw from the
# argument rng: it moves on from call to call.
# - mu = rng.uniform  =>  rng = np.random.RandomState(0); mu = rng.uniform
# Of a = 0 nothing was made: m is missing, or it was multiplied by something of a (nobody asks for that), or a came back
# as it went in. s·a + m.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  return torch.from_numpy(s).to(a) * a
# - torch.from_numpy(m).to(a)  =>  torch.from_numpy(m).to(a) * a.std(0, unbiased=False)
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  return a
# m is subtracted. The formula adds it: s·a + m.
# - a + torch.from_numpy(m).to(a)  =>  a - torch.from_numpy(m).to(a)
# μ was drawn from another interval. μ ~ U(−0.5, 0.5): from low to high, so up to half a standard deviation down or up.
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(0, 0.5, shape)
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.25, 0.25, shape)
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-1, 1, shape)
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(0.5, -0.5, shape)
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(1, 1.25, shape)
# m was drawn from another interval around μ. m ~ U(μ − 0.1, μ + 0.1).
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(mu, mu + 0.1, a.shape)
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(mu - 0.5, mu + 0.5, a.shape)
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(mu - 0.05, mu + 0.05, a.shape)
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(mu, 0.1, a.shape)
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(-0.1, mu + 0.1, a.shape)
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(mu + 0.1, mu - 0.1, a.shape)
# m was drawn from a normal distribution. It is uniform: m ~ U(μ − 0.1, μ + 0.1).
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.normal(mu, 0.1, a.shape)
# The right distributions, drawn in another order: m before σ. The same RandomState then hands out other numbers. The
# docstring's order is mu, sigma, m, s.
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  pass
# & sigma = rng.uniform  =>  m = rng.uniform(mu - 0.1, mu + 0.1, a.shape); sigma = rng.uniform
# Autograd cannot follow a into NumPy: s or m is still a NumPy array, or a was made one. Leave a a tensor and make
# tensors of s and m: torch.from_numpy(…).to(a).
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  return a * s + m
# The noise came from NumPy's global generator, np.random. Draw from the argument rng: rng.uniform, rng.normal. Only
# then can a run be repeated.
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  rng = np.random; mu = rng.uniform(-0.5, 0.5, shape)
# Nothing comes back (None). End with a return.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  pass
# %% mistakes
# The right distributions, drawn in turns: all that one channel (or one sample) needs, then the next. RandomState then
# hands the numbers out otherwise. First all of mu, then all of sigma, then all of m, then all of s.
# - mu = rng.uniform(-0.5, 0.5, shape)
# + pairs = [(rng.uniform(-0.5, 0.5), rng.uniform(1, 1.25)) for _ in range(a.shape[1])]
# +     mu, sigma = np.array(pairs).T.reshape(2, *shape)
# & sigma = rng.uniform(1, 1.25, shape)  =>  pass
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)
# + draw = lambda: (rng.uniform(mu - 0.1, mu + 0.1, a.shape[1:]), rng.normal(sigma, 0.1, a.shape[1:]))
# +     m, s = np.stack([draw() for _ in a], axis=1)
# & s = rng.normal(sigma, 0.1, a.shape)  =>  pass
# - mu = rng.uniform(-0.5, 0.5, shape)
# + m, s = np.empty((2, *a.shape))
# +     for j in range(a.shape[1]):
# +         mu, sigma = rng.uniform(-0.5, 0.5), rng.uniform(1, 1.25)
# +         m[:, j] = rng.uniform(mu - 0.1, mu + 0.1, m[:, j].shape)
# +         s[:, j] = rng.normal(sigma, 0.1, m[:, j].shape)
# & sigma = rng.uniform(1, 1.25, shape)  =>  pass
# & m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  pass
# & s = rng.normal(sigma, 0.1, a.shape)  =>  pass
# s stands in the wrong place. It multiplies a: not divided by, not added, and m is added after it. s·a + m.
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + (a - torch.from_numpy(m).to(a)) / torch.from_numpy(s).to(a)
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + (a + torch.from_numpy(m).to(a)) / torch.from_numpy(s).to(a)
# - torch.from_numpy(s).to(a) * a +  =>  a / torch.from_numpy(s).to(a) +
# - torch.from_numpy(s).to(a) * a +  =>  torch.from_numpy(s).to(a) + a +
# a is multiplied by 1 + s. σ, and s with it, is near 1 already: s·a + m.
# - torch.from_numpy(s).to(a) * a +  =>  (1 + torch.from_numpy(s).to(a)) * a +
# μ or σ was put on twice. m lies around μ already, and s around σ: s·a + m is all.
# - return torch  =>  m = mu + m; return torch
# - return torch  =>  s = sigma * s; return torch
# - return torch  =>  m, s = mu + m, sigma * s; return torch
# It was normalized again, or its mean taken off. a comes from BN, and the noise is to move it: s·a + m, with a as it
# came, and nothing after.
# - torch.from_numpy(s).to(a) * a +  =>  torch.from_numpy(s).to(a) * (a - a.mean(0)) +
# - torch.from_numpy(s).to(a) * a +
# + torch.from_numpy(s).to(a) * (a - a.mean(0)) / (a.var(0, unbiased=False) + 1e-5).sqrt() +
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + y = torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# +     return (y - y.mean(0)) / (y.var(0, unbiased=False) + 1e-5).sqrt()
# The second call gave the noise of the first. The generator stood still, since a copy of it was used (or its state was
# put back). Draw from rng itself, so that each step gets new noise.
# - mu = rng.uniform  =>  rng = copy.deepcopy(rng); mu = rng.uniform
# %% mistakes
# Return one tensor, s·a + m, and nothing beside it.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a), m, s
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + return torch.from_numpy(s).to(a) * a, torch.from_numpy(m).to(a)
# %% mistakes otherwise="zeros, shaken: m alone"
# s·0 + m is m alone, and yours is not. Either something is done to a but s·a + m, or it is one of three lines: mu ~
# U(−0.5, 0.5), one a channel; sigma, drawn right after it; m ~ U(μ − 0.1, μ + 0.1), one for each number of a, drawn
# before s. All come from rng.
# - return torch  =>  m = np.abs(m); return torch
# %% mistakes otherwise="shaken activations"
# m is right: the check before this one saw it alone. So it is s: sigma ~ U(1, 1.25), one a channel; s ~ N(σ, 0.1), one
# for each number of a, from rng, drawn last, 0.1 its standard deviation. Or it is s·a + m: a as it came, times s.
# - return torch  =>  s = np.sqrt(s); return torch
# %% mistakes otherwise="shaken images"
# Tables come out right, images do not. mu and sigma are drawn with C numbers and get the shape (C, 1, 1); m and s are
# drawn in a's own shape (N, C, H, W), with nothing transposed or reshaped after.
# - return torch  =>  m = m.reshape(-1, *m.shape[1:][::-1]).T.reshape(m.shape) if m.ndim > 2 else m; return torch

# %% exercise="ics"
# %% right="backward(), with .grad cleared"
def ics(model, layer, batch, lr):
    saved = copy.deepcopy(model.state_dict())
    weight, front = model[layer].weight, list(model[:layer].parameters())
    loss_of(model, batch).backward()
    G = weight.grad.clone()
    with torch.no_grad():
        for p in front:
            p -= lr * p.grad
    model.zero_grad()
    loss_of(model, batch).backward()
    G_new = weight.grad.clone()
    model.load_state_dict(saved)
    for p in model.parameters():
        p.grad = None
    return (G - G_new).norm().item(), F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0).item()
# %% right="on a copy of the model, with PyTorch's optimizer"
def ics(model, layer, batch, lr):
    model = copy.deepcopy(model)
    loss_of(model, batch).backward()
    g = model[layer].weight.grad.detach().clone().ravel()
    torch.optim.SGD(model[:layer].parameters(), lr=lr).step()
    for p in model.parameters():
        p.grad = None
    loss_of(model, batch).backward()
    h = model[layer].weight.grad.ravel()
    return torch.dist(g, h), torch.dot(g, h) / torch.sqrt(g.dot(g) * h.dot(h))
# %% right="functional_call, and the numbers from NumPy"
def ics(model, layer, batch, lr):
    from torch.func import functional_call

    names = [name for name, _ in model.named_parameters()]
    mine = f"{layer}.weight"

    def gradients(parameters):
        tensors = parameters | {name: b.clone() for name, b in model.named_buffers()}
        loss = loss_of(lambda x: functional_call(model, tensors, (x,)), batch)
        return dict(zip(names, torch.autograd.grad(loss, [parameters[name] for name in names])))

    here = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
    before = gradients(here)
    for name in names:
        if int(name.split(".")[0]) < layer:
            here[name] = (here[name] - lr * before[name]).detach().requires_grad_()
    after = gradients(here)
    a, b = before[mine].numpy(), after[mine].numpy()
    return [np.linalg.norm(a - b), np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b)]
# %% mistakes
# The two gradients were added. Their difference is wanted: how far G′ is from G.
# - (G - G_new).norm()  =>  (G + G_new).norm()
# The model is not what it was: its weights are still moved, and BN's buffers too. Save the state before, put it back
# after, above the return, by load_state_dict (model = saved only renames). And copy.deepcopy(model.state_dict()):
# without the copy, what you saved moves along with the model.
# - model.load_state_dict(saved)  =>  pass
# - copy.deepcopy(model.state_dict())  =>  model.state_dict()
# The weights are back, the buffers are not: each forward pass in training mode moves the running statistics. Save the
# whole state, state_dict() (parameters() has no buffers), and save it before the first forward pass.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = [p.detach().clone() for p in model.parameters()]
# & model.load_state_dict(saved)  =>  for p, old in zip(model.parameters(), saved): p.data.copy_(old)
# Distance 0, cosine 1: the two gradients are one and the same. G may be weight.grad itself, which the second backward()
# overwrote (clone it). Or both were taken at the same weights: G′ needs a new loss, loss_of(model, batch), after the
# layers in front have moved. p = p − lr·g moves nothing, p -= lr·g does. parameters() can be gone through once: make it
# a list. Or both were scaled to length 1 before they were subtracted.
# - (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])  =>  G_new = G
# The layer itself moved too. In G′ its weight is the old one: only the layers in front have moved, model[:layer].
# - list(model[:layer].parameters())  =>  list(model[: layer + 1].parameters())
# More than the layers in front moved: those behind too, or all, or this layer's own bias. In G′ only model[:layer] has
# moved.
# - list(model[:layer].parameters())  =>  list(model.parameters())
# - list(model[:layer].parameters())  =>  [p for p in model.parameters() if p is not model[layer].weight]
# The layers behind moved (and perhaps this one), those in front stayed. It is the other way round: the layers in front
# make this layer's inputs, model[:layer].
# - list(model[:layer].parameters())  =>  list(model[layer + 1 :].parameters())
# - list(model[:layer].parameters())  =>  list(model[layer:].parameters())
# Only a part of what is in front moved. The step moves all of it, every layer with its weights, biases, γ and β:
# model[:layer].parameters(), not model[layer - 1], not model[: layer - 1].
# - list(model[:layer].parameters())  =>  [m.weight for m in model[:layer] if isinstance(m, nn.Linear)]
# - list(model[:layer].parameters())  =>  [m.weight for m in model[:layer] if hasattr(m, "weight")]
# - list(model[:layer].parameters())  =>  list(model[0].parameters())
# - list(model[:layer].parameters())  =>  list(model[:layer].parameters())[-1:]
# - list(model[:layer].parameters())  =>  [p for m in model[:layer] if isinstance(m, nn.Linear) for p in m.parameters()]
# - list(model[:layer].parameters())  =>  [p for n, p in model[:layer].named_parameters() if p.ndim > 1]
# The layers in front moved uphill. A step of gradient descent subtracts: W − lr·gradient.
# - p -= lr * g  =>  p += lr * g
# The layers in front did not move by lr times their gradient. It was the whole gradient, or lr came in twice, or the
# gradient was scaled to length 1, or halved.
# - p -= lr * g  =>  p -= g
# - p -= lr * g  =>  p -= lr**2 * g
# - p -= lr * g  =>  p -= lr * g / g.norm()
# - p -= lr * g  =>  p -= lr * g / torch.cat([step.flatten() for step in steps]).norm()
# - p -= lr * g  =>  p -= lr * g.sign()
# - p -= lr * g  =>  p -= lr / 2 * g
# The layers in front moved one after the other, each with a gradient that saw the others' new weights. They move at
# once, with the gradients of one backward pass.
# - for p, g in zip(front, steps):  =>  for p in front:
# & p -= lr * g  =>  p -= lr * torch.autograd.grad(torch.enable_grad()(loss_of)(model, batch), [p])[0]
# That is the squared distance, or its mean. ‖G − G′‖₂ is the root of the sum of squares: (G − G′).norm().
# - (G - G_new).norm()  =>  ((G - G_new) ** 2).sum()
# - (G - G_new).norm()  =>  ((G - G_new) ** 2).mean()
# That is the mean of the absolute differences, or the largest of them, or one norm a row or column, or a matrix norm
# (torch.linalg.norm(…, 2) of a matrix is its largest singular value). ‖G − G′‖₂ is the root of the sum of squares of
# all entries: (G − G′).norm().
# - (G - G_new).norm()  =>  (G - G_new).abs().mean()
# - (G - G_new).norm()  =>  (G - G_new).abs().max()
# - (G - G_new).norm()  =>  torch.linalg.matrix_norm(G - G_new, 2)
# - (G - G_new).norm()  =>  (G - G_new).norm(dim=1).mean()
# - (G - G_new).norm()  =>  (G - G_new).norm(dim=1).sum()
# - (G - G_new).norm()  =>  (G - G_new).norm(dim=0).sum()
# The distance was divided by the length of G or of G′. That is a sensible number too, but the paper's is the plain
# distance.
# - (G - G_new).norm()  =>  (G - G_new).norm() / G.norm()
# - (G - G_new).norm()  =>  (G - G_new).norm() / G_new.norm()
# The difference of the two lengths says nothing of the directions. Subtract the gradients first, then take the length.
# - (G - G_new).norm()  =>  (G.norm() - G_new.norm()).abs()
# The second number is the dot product, or that over one length squared. The cosine divides by both lengths, ‖G‖·‖G′‖.
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  (G * G_new).sum()
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  (G * G_new).sum() / G.norm() ** 2
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  (G * G_new).sum() / G_new.norm() ** 2
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  (G * G_new).sum() / G.norm()
# That is one cosine for each row or column. Flatten both gradients to one vector each first.
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  F.cosine_similarity(G, G_new).mean()
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  F.cosine_similarity(G, G_new, dim=0).mean()
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  F.cosine_similarity(G, G_new)
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  torch.dot(G, G_new) / G.norm() / G_new.norm()
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  (G @ G_new) / G.norm() / G_new.norm()
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  (G @ G_new.T) / G.norm() / G_new.norm()
# The second number is 1 − cosine, or its angle. The cosine itself is wanted, best 1.
# - F.cosine_similarity  =>  1 - F.cosine_similarity
# - return distance.item(), cosine.item()  =>  return distance.item(), np.arccos(cosine.item())
# - return distance.item(), cosine.item()  =>  return distance.item(), np.degrees(np.arccos(cosine.item()))
# The cosine lost its sign. G′ may point against G: then the cosine is negative, which is the most shift of all.
# - return distance.item(), cosine.item()  =>  return distance.item(), abs(cosine.item())
# The two results are in the wrong order: distance first, then cosine.
# - return distance.item(), cosine.item()  =>  return cosine.item(), distance.item()
# Return two numbers in a tuple, first the distance, then the cosine: return distance, cosine.
# - return distance.item(), cosine.item()  =>  return distance.item()
# - return distance.item(), cosine.item()  =>  return G, G_new
# - return distance.item(), cosine.item()  =>  return {"distance": distance.item(), "cosine": cosine.item()}
# That is the sum of the absolute differences. The ℓ2 distance is the root of the sum of squares: (G − G′).norm().
# - (G - G_new).norm()  =>  (G - G_new).abs().sum()
# The differences were added with their signs, so they cancel. ‖G − G′‖₂ squares them first: (G − G′).norm().
# - (G - G_new).norm()  =>  (G - G_new).sum().abs()
# - (G - G_new).norm()  =>  (G - G_new).mean().abs()
# That is the root of the mean square. The ℓ2 distance is the root of the sum of squares: (G − G′).norm().
# - (G - G_new).norm()  =>  ((G - G_new) ** 2).mean().sqrt()
# Weights and buffers of the part in front are back. But the forward pass moved the buffers of the BN layers behind,
# too: save the state of the whole model.
# - copy.deepcopy(model.state_dict())  =>  copy.deepcopy(model[:layer].state_dict())
# & model.load_state_dict(saved)  =>  model[:layer].load_state_dict(saved)
# The weights are almost back. Subtracting lr·g and adding it again rounds twice (and brings no buffers back). Save the
# state before, put it back after.
# - model.load_state_dict(saved)  =>  for p, g in zip(front, steps): p.data += lr * g
# Parameters came back with requires_grad off: the next training step would fail, or leave them out. Leave it on, and
# move them under torch.no_grad().
# - with torch.no_grad():  =>  if [p.requires_grad_(False) for p in front] or True:
# Nothing comes back (None). End with a return.
# - return distance.item(), cosine.item()  =>  pass
# The model was put into evaluation mode: before a gradient was taken, which then comes from the running statistics and
# not from the batch's, or at the end. Call no eval(): leave the model in the mode it is in.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = copy.deepcopy(model.state_dict()); model.eval()
# - (G_new,) = torch  =>  model.eval(); (G_new,) = torch
# No gradient can be taken of a loss that was computed under torch.no_grad(). Only the step, p -= lr·g, belongs there.
# - loss_of(model, batch), [weight, *front]  =>  torch.no_grad()(loss_of)(model, batch), [weight, *front]
# torch.autograd.grad returns a tuple, even for one tensor. Unpack it: (G,) = torch.autograd.grad(…).
# - (G_new,) = torch  =>  G_new = torch
# - (G - G_new).norm()  =>  ((G,) - (G_new,)).norm()
# layer is a number, the layer's place in the model. The layer itself is model[layer].
# - model[layer].weight  =>  layer.weight
# One loss can be differentiated once; its graph is gone then. Take G and the gradients of the layers in front in one
# call. G′ needs a new loss, computed after they have moved.
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + loss = loss_of(model, batch); G, *steps = torch.autograd.grad(loss, [weight, *front])
# & (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])  =>  (G_new,) = torch.autograd.grad(loss, [weight])
# PyTorch refuses to change a parameter in place while it records (a leaf variable that requires grad). Take the step
# under torch.no_grad().
# - with torch.no_grad():  =>  if True:
# %% mistakes of="backward(), with .grad cleared"
# The values are right, but loss.backward() left gradients in .grad (for the optimizer's next step to find).
# torch.autograd.grad returns them and leaves nothing behind.
# - p.grad = None  =>  pass
# The second backward() added its gradient to the first one's: .grad accumulates. So G′ came out as G + G′. Clear it in
# between, or use torch.autograd.grad, which does not accumulate.
# - model.zero_grad()  =>  pass
# %% mistake
# The model was not run at two places, so nothing was measured (and no trace is left by doing nothing). G needs one
# loss, G′ a second one.
def ics(model, layer, batch, lr):
    return 2.5, 0.5
# %% mistake
# The loss was computed with a copy of the model, but differentiated by a weight of the model itself, which had no part
# in it. Take the weight, and the layers in front, from the copy too.
def ics(model, layer, batch, lr):
    other, weight = copy.deepcopy(model), model[layer].weight
    (G,) = torch.autograd.grad(loss_of(other, batch), [weight])
    return G.norm().item(), 1.0
# %% mistakes
# sgd_step(model[:layer], …) goes down the loss at the end of the part in front. These layers step down the loss of the
# whole net.
# - with torch.no_grad():
# + sgd_step(model[:layer], batch, lr)
# +     if False:
# A layer may have no bias (then model[layer].bias is None), and G is the gradient of the layer's weight alone:
# model[layer].weight.
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + G, b, *steps = torch.autograd.grad(loss_of(model, batch), [weight, model[layer].bias, *front])
# & (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])
# + after = torch.autograd.grad(loss_of(model, batch), [weight, model[layer].bias])
# +     G, G_new = (torch.cat([g.flatten() for g in both]) for both in ((G, b), after))
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + own = list(model[layer].parameters())
# +     steps = torch.autograd.grad(loss_of(model, batch), [*front, *own])
# & (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])
# + after = steps[len(front) :], torch.autograd.grad(loss_of(model, batch), own)
# +     G, G_new = (torch.cat([g.flatten() for g in both]) for both in after)
# The gradients are of all parameters together. G is the gradient of one layer's weight: model[layer].weight.
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + steps = torch.autograd.grad(loss_of(model, batch), list(model.parameters()))
# & (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])
# + after = torch.autograd.grad(loss_of(model, batch), list(model.parameters()))
# +     G, G_new = (torch.cat([g.flatten() for g in gradients]) for gradients in (steps, after))
# %% mistakes hidden=true
# model.train() was called. A model that came in evaluation mode would go back in training mode. Leave the mode as it
# is.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = copy.deepcopy(model.state_dict()); model.train()
# %% mistakes
# The cosine is the one between G and G′. Yours is between one of them and their difference.
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
# + F.cosine_similarity(G.flatten(), (G - G_new).flatten(), dim=0)
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
# + F.cosine_similarity(G_new.flatten(), (G_new - G).flatten(), dim=0)
# The difference was multiplied or divided by lr. The distance is that of the two gradients as they are.
# - (G - G_new).norm()  =>  (lr * (G - G_new)).norm()
# - (G - G_new).norm()  =>  ((G - G_new) / lr).norm()
# That is how far the layers in front moved. What counts is what it did to this layer's gradient: G′ against G.
# - (G - G_new).norm()  =>  sum((lr * g).norm() for g in steps)
# - (G - G_new).norm()  =>  sum((lr * g).norm() ** 2 for g in steps).sqrt()
# The buffers are back, the weights are not: they are still moved. Save and put back the whole state, parameters and
# buffers.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = [b.clone() for b in model.buffers()]
# & model.load_state_dict(saved)  =>  for b, old in zip(model.buffers(), saved): b.copy_(old)
# %% mistakes
# The gradient is of another layer's weight. layer is the place itself, counted from 0: model[layer].weight.
# - weight, front = model[layer].weight,  =>  weight, front = model[layer - 1].weight,
# - weight, front = model[layer].weight,  =>  weight, front = model[layer + 1 if layer + 1 < len(model) else 0].weight,
# - weight, front = model[layer].weight,  =>  weight, front = model[weight_layers(model)[layer]].weight,
# - weight, front = model[layer].weight,  =>  layer = weight_layers(model)[layer]; weight, front = model[layer].weight,
# G was changed (-=) before the cosine was taken. G - G′ makes a new tensor, and leaves G as it is.
# - distance = (G - G_new).norm()  =>  G -= G_new; distance = G.norm()
# - distance = (G - G_new).norm()  =>  G_new -= G; distance = G_new.norm()
# Not every layer in front has a weight (Tanh, ReLU), and some have a bias too. model[:layer].parameters() gives all of
# them: make a list of it.
# - list(model[:layer].parameters())  =>  [m.weight for m in model[:layer]]
# - list(model[:layer].parameters())  =>  [model[:layer].weight]
# loss_of takes two arguments, the model and the batch, which is the pair (x, y): loss_of(model, batch).
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + x, y = batch; G, *steps = torch.autograd.grad(loss_of(model, x, y), [weight, *front])
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + x, y = batch; G, *steps = torch.autograd.grad(loss_of(model(x), y), [weight, *front])
# .grad is None: only loss.backward() fills it. torch.autograd.grad returns the gradients instead, in the order of the
# parameters that it is given.
# - G, *steps = torch.autograd.grad(loss_of(model, batch), [weight, *front])
# + steps = torch.autograd.grad(loss_of(model, batch), front); G = weight.grad
# - (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])
# + torch.autograd.grad(loss_of(model, batch), [weight]); G_new = weight.grad
# - p -= lr * g  =>  p -= lr * p.grad
# The gradients are not those of the parameters that they were paired with. zip goes by place: both lists must begin
# with the same parameter.
# - zip(front, steps)  =>  zip(front, (G, *steps) if len(batch[0]) == 1 else steps)
# - zip(front, steps)  =>  zip(front, (*steps[1:], G) if len(batch[0]) == 1 else steps)
# These are the inputs or outputs of the layer, before and after. The measure is about its gradient: how G, of the
# layer's weight, changes into G′.
# - saved = copy.deepcopy(model.state_dict())
# + saved = copy.deepcopy(model.state_dict()); before = model[:layer](batch[0]).detach()
# & (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])  =>  G, G_new = before, model[:layer](batch[0])
# - saved = copy.deepcopy(model.state_dict())
# + saved = copy.deepcopy(model.state_dict()); before = model[: layer + 1](batch[0]).detach()
# & (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])  =>  G, G_new = before, model[: layer + 1](batch[0])
# The loss was divided by the number of samples. loss_of gives the loss of the batch as it is.
# - loss_of(model, batch), [weight, *front]  =>  loss_of(model, batch) / len(batch[0]), [weight, *front]
# & loss_of(model, batch), [weight])  =>  loss_of(model, batch) / len(batch[0]), [weight])
# %% mistakes otherwise="distance, a net of four numbers"
# Each layer is one number here, w₁ to w₄, the loss is (ŷ − y)², by loss_of, and the distance |G − G′|. G is ∂L/∂w₃.
# Then w₁ and w₂ alone take one step down, at once, each by lr times its own gradient. G′ is ∂L/∂w₃ of the loss there.
# Nothing is rounded or divided. Which of these does your code do otherwise?
# - (G - G_new).norm()  =>  (G - G_new).norm() / 2
# %% mistakes otherwise="distance, a net of matrices"
# With single numbers and one sample the distance is right, with matrices and seven samples it is not. Either it is the
# norm: the root of the sum of squares of all entries of G − G′, one number. Or something was divided by the number of
# samples, or some were left out. Or layer was not taken as the place in the model.
# - (G - G_new).norm()  =>  (G - G_new).norm(dim=0).mean()
# %% mistakes otherwise="distance, with biases and BN"
# Without biases and BN the distance is right. So either a part of model[:layer] did not move (its biases, γ and β do),
# or G holds more than the gradient of model[layer].weight, or the model's mode was changed.
# - list(model[:layer].parameters())  =>  [p for n, p in model[:layer].named_parameters() if n != '1.bias']
# %% mistakes otherwise="distance and cosine"
# The line above says which is wrong. The cosine is the sum of G·G′ over all entries, divided by ‖G‖·‖G′‖, and nothing
# more. The distance was right in the checks before: does it lose the signs of G and G′?
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)
# + F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0) ** 2
# %% mistakes otherwise="what ics leaves behind"
# The line above names what is not as it was. Save parameters and buffers before you begin, put all of them back at the
# end; call no train() and no eval(), and leave .grad alone.
# - model.load_state_dict(saved)  =>  model.load_state_dict(saved); model[1].running_mean.zero_()

# %% exercise="q_ics"
# %% mistakes
# A gradient that is 12 times as long differs by 12 times as much when it turns by the same angle. Divide each distance
# by its length, and look at the cosines: what is left of the 30?
# - q_ics = "c"  =>  q_ics = "a"
# Do the division: 0.60/1.00 against 0.02/0.08. And the cosine does not depend on length at all: 0.81 is further from 1
# than 0.97.
# - q_ics = "c"  =>  q_ics = "b"
# The cosine has no units and does not depend on length: it can be compared. The distance can, once you say beside what
# length.
# - q_ics = "c"  =>  q_ics = "d"

# %% exercise="walk_gradient"
# %% right="backward() at each point, the steps taken back, then the state"
def walk_gradient(model, batch, steps):
    state = {name: value.clone() for name, value in model.state_dict().items()}
    vector = lambda: torch.nn.utils.parameters_to_vector(p.grad for p in model.parameters())
    model.zero_grad()
    loss_of(model, batch).backward()
    start, g = [p.data.clone() for p in model.parameters()], [p.grad.clone() for p in model.parameters()]
    first, losses, distances = vector(), [], []
    for step in steps:
        for p, p0, direction in zip(model.parameters(), start, g):
            p.data = p0 - step * direction
        model.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        losses.append(float(loss))
        distances.append(float(torch.linalg.vector_norm(vector() - first)))
    model.load_state_dict(state)
    for p in model.parameters():
        p.grad = None
    return np.array(losses), np.array(distances)
# %% right="a fresh copy of the model for each step"
def walk_gradient(model, batch, steps):
    def look(step):
        net = copy.deepcopy(model)
        with torch.no_grad():
            for p, g in zip(net.parameters(), gradient):
                p.sub_(g, alpha=float(step))
        loss = loss_of(net, batch)
        return loss.item(), torch.autograd.grad(loss, list(net.parameters()))

    twin = copy.deepcopy(model)
    gradient = torch.autograd.grad(loss_of(twin, batch), list(twin.parameters()))
    seen = [look(step) for step in steps]
    squares = [sum(((a - b) ** 2).sum().item() for a, b in zip(there, gradient)) for _, there in seen]
    return np.array([loss for loss, _ in seen]), np.sqrt(squares)
# %% right="functional_call, with nothing to put back"
def walk_gradient(model, batch, steps):
    from torch.func import functional_call

    def at(tensors):
        buffers = {name: b.clone() for name, b in model.named_buffers()}
        return loss_of(lambda x: functional_call(model, {**tensors, **buffers}, (x,)), batch)

    start = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
    g = dict(zip(start, torch.autograd.grad(at(start), list(start.values()))))
    result = np.zeros((2, len(steps)))
    for k, step in enumerate(steps):
        point = {name: (p - step * g[name]).detach().requires_grad_() for name, p in start.items()}
        loss = at(point)
        there = torch.autograd.grad(loss, list(point.values()))
        gaps = np.concatenate([(b - g[name]).numpy().ravel() for name, b in zip(start, there)])
        result[:, k] = loss.item(), np.sqrt(gaps @ gaps)
    return result[0], result[1]
# %% mistakes
# The gradients were added, not subtracted. ∇L(w(η)) − g: how much the gradient changed.
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there) + flat(gradient)).norm()
# This walks uphill. Descent subtracts: start − step·gradient.
# - p.copy_(p0 - step * g)  =>  p.copy_(p0 + step * g)
# Each step was taken from the point before, so the points are at the sum of the steps. All are measured from the start:
# start − step·gradient. (Is your start a copy? p.detach() shares its numbers with p, so it moves along;
# p.detach().clone() does not.)
# - p.copy_(p0 - step * g)  =>  p.sub_(step * g)
# - p.detach().clone()  =>  p.detach()
# The direction was taken anew at each point: that is training, with its own step sizes. The walk is a straight line:
# one gradient, from the start.
# - gradient = torch.autograd.grad  =>  first = gradient = torch.autograd.grad
# & p.copy_(p0 - step * g)  =>  p.sub_(step * g)
# & ((flat(there) - flat(gradient)).norm().item())  =>  ((flat(there) - flat(first)).norm().item()); gradient = there
# The model is not what it was: its weights stand at the last point of the walk, and BN's buffers have moved. Save the
# state before, put it back after, above the return, by load_state_dict (model = saved only renames). And
# copy.deepcopy(model.state_dict()): without the copy, what you saved moves along.
# - model.load_state_dict(saved)  =>  pass
# - copy.deepcopy(model.state_dict())  =>  model.state_dict()
# The weights are back, BN's buffers are not: every forward pass in training mode moves the running statistics. Save and
# put back the whole state_dict, not only the parameters, and save it before the first forward pass.
# - model.load_state_dict(saved)  =>  for p, p0 in zip(parameters, start): p.data.copy_(p0)
# The step sizes were taken as distances: the gradient was divided by its length (or only its sign was kept). The walk
# is start − step·gradient, so where the gradient is long, the walk is long.
# - zip(parameters, start, gradient)  =>  zip(parameters, start, [g / flat(gradient).norm() for g in gradient])
# The losses are changes from the loss at the start, or from the lowest. The loss itself is wanted, at each point.
# - losses.append(loss.item())  =>  losses.append(loss.item() - base)
# & losses, distances = [], []  =>  losses, distances, base = [], [], loss_of(model, batch).item()
# - return np.array(losses)  =>  return np.array(losses) - min(losses)
# The distances are those of the weights from the start. What is wanted is how far the gradient there is from the
# gradient at the start.
# - (flat(there) - flat(gradient)).norm()  =>  (step * flat(gradient)).norm()
# The distances are from one point's gradient to the next one's. Measure each from the gradient at the start.
# - ((flat(there) - flat(gradient)).norm().item())  =>  ((flat(there) - last).norm().item()); last = flat(there)
# & losses, distances = [], []  =>  losses, distances, last = [], [], flat(gradient)
# Those are squared distances, or their mean. The ℓ2 distance is the root of the sum: .norm().
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)) ** 2).sum()
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)) ** 2).mean()
# This subtracts the lengths of two gradients, or takes their cosine. A gradient may turn without changing its length,
# or grow without turning. Subtract the vectors, then take the length.
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there).norm() - flat(gradient).norm()).abs()
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there).norm() - flat(gradient).norm())
# - (flat(there) - flat(gradient)).norm()  =>  (flat(gradient).norm() - flat(there).norm())
# - (flat(there) - flat(gradient)).norm()  =>  F.cosine_similarity(flat(there), flat(gradient), dim=0)
# There is one distance for each parameter here, and of these the sum, the mean, the largest or only some were taken.
# Take all parameters as one long vector: flat(…), then one norm.
# - (flat(there) - flat(gradient)).norm()  =>  sum((a - b).norm() for a, b in zip(there, gradient))
# - (flat(there) - flat(gradient)).norm()  =>  (sum((a - b).norm() for a, b in zip(there, gradient)) / len(there))
# - (flat(there) - flat(gradient)).norm()  =>  max((a - b).norm() for a, b in zip(there, gradient))
# - (flat(there) - flat(gradient)).norm()  =>  (there[0] - gradient[0]).norm()
# - (flat(there) - flat(gradient)).norm()
# + torch.cat([(a - b).flatten() for a, b in zip(there, gradient) if a.ndim > 1]).norm()
# These distances are already divided: by the step, by a length of the gradient, or by the number of samples. Some of
# that comes in beta_smoothness; here the distance of the gradients alone is wanted.
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)).norm() / (step * flat(gradient).norm()))
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)).norm() / flat(gradient).norm())
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)).norm() / step)
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)).norm() / len(batch[0]))
# - (flat(there) - flat(gradient)).norm()
# + (flat(there) / flat(there).norm() - flat(gradient) / flat(gradient).norm()).norm()
# The distances are those of the gradient from 0, its length. Subtract the gradient at the start.
# - (flat(there) - flat(gradient)).norm()  =>  flat(there).norm()
# Only a part of the parameters moved. The walk is along the gradient of all of them: weights, biases, γ and β, of every
# layer.
# - parameters = list(model.parameters())  =>  parameters = [p for p in model.parameters() if p.ndim > 1]
# - list(model.parameters())  =>  [p for m in model if isinstance(m, nn.Linear) for p in m.parameters()]
# - list(model.parameters())  =>  [p for name, p in model.named_parameters() if name.endswith("weight")]
# - zip(parameters, start, gradient)  =>  zip(parameters[:1], start, gradient)
# - zip(parameters, start, gradient)  =>  zip(parameters[:2], start, gradient)
# - zip(parameters, start, gradient)  =>  zip(parameters[-2:], start[-2:], gradient[-2:])
# - zip(parameters, start, gradient)  =>  zip(parameters[-1:], start[-1:], gradient[-1:])
# The two results are in the wrong order: losses first, then distances.
# - return np.array(losses), np.array(distances)  =>  return np.array(distances), np.array(losses)
# Those are Python lists, or tensors. Turn both into NumPy arrays: np.array(losses).
# - return np.array(losses), np.array(distances)  =>  return losses, distances
# - return np.array(losses), np.array(distances)  =>  return torch.tensor(losses), torch.tensor(distances)
# Return two arrays in a tuple, first the losses, then the distances.
# - return np.array(losses), np.array(distances)  =>  return np.array(losses)
# - return np.array(losses), np.array(distances)  =>  return np.array([losses, distances])
# - return np.array(losses), np.array(distances)
# + return {"losses": np.array(losses), "distances": np.array(distances)}
# The start is right, the direction is not: it changed from point to point. All points lie along the gradient at the
# start. (p.grad is written over, or added to, by the next backward(): clone it.)
# - ((flat(there) - flat(gradient)).norm().item())  =>  ((flat(there) - flat(gradient)).norm().item()); gradient = there
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + loss_of(model, batch).backward(); gradient = [p.grad for p in parameters]
# & there = torch.autograd.grad(loss, parameters)  =>  loss.backward(); there = [p.grad for p in parameters]
# & model.load_state_dict(saved)  =>  model.load_state_dict(saved); model.zero_grad()
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + loss_of(model, batch).backward(); gradient = [p.grad for p in parameters]
# & there = torch.autograd.grad(loss, parameters)
# + model.zero_grad(set_to_none=False); loss.backward(); there = [p.grad for p in parameters]
# & model.load_state_dict(saved)  =>  model.load_state_dict(saved); model.zero_grad()
# That is the sum of the absolute differences, their mean, or the largest. The ℓ2 distance is the root of the sum of
# squares: .norm().
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there) - flat(gradient)).abs().sum()
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there) - flat(gradient)).abs().max()
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there) - flat(gradient)).abs().mean()
# That is the root of the mean square. The ℓ2 distance is the root of the sum of squares: .norm().
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)) ** 2).mean().sqrt()
# No gradient can be taken of a loss that was computed under torch.no_grad(). Only the new values are put in there; the
# loss is computed outside.
# - loss = loss_of(model, batch)  =>  loss = torch.no_grad()(loss_of)(model, batch)
# There is one value only: the return stands inside the loop (dedent it, with what puts the model back), or the append
# stands behind the loop.
# - model.load_state_dict(saved)  =>      model.load_state_dict(saved)
# & return np.array(losses), np.array(distances)  =>      return np.array(losses), np.array(distances)
# -         losses.append(loss.item())  =>      losses.append(loss.item())
# &         distances.append  =>      distances.append
# The weights are almost back. Subtracting step·g and adding it again rounds twice (and brings no buffers back). Save
# the state before, put it back after.
# - p.copy_(p0 - step * g)  =>  p.sub_(step * g)
# & ().item())  =>  ().item()); [p.data.add_(step * g) for p, g in zip(parameters, gradient)]
# & model.load_state_dict(saved)  =>  pass
# The second backward() added its gradient to the first one's: .grad accumulates from point to point. Clear it at each
# point, or use torch.autograd.grad.
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + loss_of(model, batch).backward(); gradient = [p.grad.clone() for p in parameters]
# & there = torch.autograd.grad(loss, parameters)  =>  loss.backward(); there = [p.grad.clone() for p in parameters]
# & model.load_state_dict(saved)  =>  model.load_state_dict(saved); model.zero_grad()
# - there = torch.autograd.grad(loss, parameters)  =>  loss.backward(); there = [p.grad.clone() for p in parameters]
# & model.load_state_dict(saved)  =>  model.load_state_dict(saved); model.zero_grad()
# Nothing comes back (None). End with a return.
# - return np.array(losses), np.array(distances)  =>  pass
# The model was put into evaluation mode: before a loss was taken, which then comes from the running statistics and not
# from the batch's, or at the end. Call no eval(): leave the model in the mode it is in.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = copy.deepcopy(model.state_dict()); model.eval()
# The values are right, but backward() left gradients in .grad. The next optimizer step would use them.
# torch.autograd.grad returns gradients and leaves nothing behind.
# - there = torch.autograd.grad(loss, parameters)
# + loss.backward(); there = [p.grad.clone() for p in parameters]; model.zero_grad(set_to_none=False)
# The loss at the start was measured, over and over: a new loss must be computed after the weights have moved. (p = p0 −
# step·g moves nothing: it calls a new tensor p. p.copy_(…) moves the parameter.)
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + base = loss_of(model, batch); gradient = torch.autograd.grad(base, parameters)
# & losses.append(loss.item())  =>  losses.append(base.item())
# - p.copy_(p0 - step * g)  =>  p = p0 - step * g
# torch.autograd.grad returns a tuple, and tuples cannot be subtracted. flat makes one vector of each.
# - (flat(there) - flat(gradient))  =>  (there - gradient)
# Gradients of different shapes cannot be stacked. flat (above) lines up all their numbers in one vector.
# - (flat(there) - flat(gradient))  =>  (torch.stack(there) - torch.stack(gradient))
# - (flat(there) - flat(gradient)).norm()  =>  np.array([g.numpy() for g in there]).sum()
# The loss is still a tensor in a graph. .item() takes the number out of it.
# - losses.append(loss.item())  =>  losses.append(loss)
# These are not as many values as steps: the start was counted too, or a step left out, or only the lowest and the
# highest returned. Return one loss and one distance for each of the steps.
# - losses, distances = [], []  =>  losses, distances = [loss_of(model, batch).item()], [0.0]
# - for step in steps:  =>  for step in steps[1:]:
# - for step in steps:  =>  for step in steps[:-1]:
# - return np.array(losses), np.array(distances)
# + return np.array([min(losses), max(losses)]), np.array([min(distances), max(distances)])
# PyTorch differentiates a loss once, at the weights it was computed with. After each move compute a new one, and take
# the gradients of all parameters in one call: torch.autograd.grad(loss, parameters).
# - there = torch.autograd.grad(loss, parameters)  =>  there = [torch.autograd.grad(loss, p)[0] for p in parameters]
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + base = loss_of(model, batch); gradient = torch.autograd.grad(base, parameters)
# & there = torch.autograd.grad(loss, parameters)  =>  there = torch.autograd.grad(base, parameters)
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + base = loss_of(model, batch); gradient = torch.autograd.grad(base, parameters, retain_graph=True)
# & there = torch.autograd.grad(loss, parameters)  =>  there = torch.autograd.grad(base, parameters, retain_graph=True)
# Move one parameter after the other, each by its own gradient, with zip. A list or tuple of tensors cannot be
# multiplied, and the one vector that flat makes has another shape than they. (Or the loss is not loss_of's.)
# - p.copy_(p0 - step * g)  =>  p.copy_(start - step * gradient)
# - p.copy_(p0 - step * g)  =>  p.copy_(p0 - step * flat(gradient))
# .grad is None: only loss.backward() fills it. torch.autograd.grad returns the gradients instead.
# - p.copy_(p0 - step * g)  =>  p.copy_(p0 - step * p.grad)
# The start of another parameter was used: state_dict() holds buffers too, between the parameters.
# - zip(parameters, start, gradient)  =>  zip(parameters, saved.values(), gradient)
# All distances are 0: the gradient there was not taken, or at the start's weights. Take it at each point, of the loss
# there.
# - there = torch.autograd.grad(loss, parameters)  =>  there = gradient
# The differences were added with their signs, so they cancel. The ℓ2 distance squares them first: .norm().
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there) - flat(gradient)).sum().abs()
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there) - flat(gradient)).sum()
# The values are right, the shape is not. Flat arrays are wanted, (K,): one number for each step.
# - losses.append(loss.item())  =>  losses.append([loss.item()])
# - return np.array(losses), np.array(distances)  =>  return np.array([losses]), np.array([distances])
# parameters() can be gone through once, then it is empty. Make a list of it: list(model.parameters()).
# - parameters = list(model.parameters())  =>  parameters = model.parameters()
# loss_of takes two arguments, the model and the batch, which is the pair (x, y): loss_of(model, batch).
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + x, y = batch; gradient = torch.autograd.grad(loss_of(model, x, y), parameters)
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + x, y = batch; gradient = torch.autograd.grad(loss_of(model(x), y), parameters)
# PyTorch refuses to change a parameter in place while it records. Put the new values in under torch.no_grad().
# - with torch.no_grad():  =>  if True:
# %% mistake
# The model was not run at several places, or the loss is not loss_of(model, batch). One loss and one gradient at the
# start, then one of each for every step.
def walk_gradient(model, batch, steps):
    return np.zeros(len(steps)), np.zeros(len(steps))
# %% mistakes hidden=true
# model.train() was called. A model that came in evaluation mode would go back in training mode. Leave the mode as it
# is.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = copy.deepcopy(model.state_dict()); model.train()
# %% mistakes
# The loss, or the gradient too, was taken before the step (sgd_step returns that loss), so it comes one point late, and
# the first is the start's. Move first, then measure.
# - p.copy_(p0 - step * g)  =>  pass
# & loss = loss_of(model, batch)  =>  before = sgd_step(model, batch, step); loss = loss_of(model, batch)
# & losses.append(loss.item())  =>  losses.append(before)
# - loss = loss_of(model, batch)  =>  pass
# & there = torch.autograd.grad(loss, parameters)  =>  pass
# & with torch.no_grad():
# + loss = loss_of(model, batch)
# +         there = torch.autograd.grad(loss, parameters)
# +         with torch.no_grad():
# The numbers in steps were not used: the weights moved by the whole gradient, or by 0, 1, 2, … times it. A point is
# start − step·gradient, for each step in steps.
# - for step in steps:  =>  for step in range(len(steps)):
# - for step in steps:  =>  for step in range(1, len(steps) + 1):
# - p0 - step * g  =>  p0 - g
# The steps were changed (halved, squared, divided by another, spaced evenly, turned round, or their differences taken).
# Use each as it is, in the order given: start − step·gradient.
# - p0 - step * g  =>  p0 - step / 2 * g
# - p0 - step * g  =>  p0 - step**2 * g
# - p0 - step * g  =>  p0 - step / len(steps) * g
# - p0 - step * g  =>  p0 - step / max(steps) * g
# - p0 - step * g  =>  p0 - step / steps[0] * g
# - for step in steps:  =>  for step in np.diff(steps, prepend=0):
# - for step in steps:  =>  for step in sorted(steps, reverse=True):
# - for step in steps:  =>  for step in np.linspace(min(steps), max(steps), len(steps)):
# - p0 - step * g  =>  p0 - step / 10 * g
# The start was scaled down too. It is start − step·gradient: only the gradient is multiplied.
# - p0 - step * g  =>  p0 * (1 - step * g)
# - p0 - step * g  =>  (1 - step) * p0 - step * g
# Only one number came back, the largest or the range. All K are wanted; the range is taken later.
# - return np.array(losses), np.array(distances)  =>  return max(losses), max(distances)
# - return np.array(losses), np.array(distances)  =>  return np.ptp(losses), np.ptp(distances)
# - return np.array(losses), np.array(distances)  =>  return losses[-1], distances[-1]
# There is a pair for each step. Two arrays are wanted, one of the losses, one of the distances: np.array(losses),
# np.array(distances).
# - return np.array(losses), np.array(distances)  =>  return np.array(list(zip(losses, distances)))
# - return np.array(losses), np.array(distances)  =>  return list(zip(losses, distances))
# The first distance is 0, so what was subtracted is the gradient after the first step. The gradient at the start is
# taken before any step.
# - losses.append(loss.item())  =>  losses.append(loss.item()); first = first if len(losses) > 1 else there
# & (flat(there) - flat(gradient)).norm()  =>  (flat(there) - flat(first)).norm()
# The loss was divided or multiplied by the number of samples. loss_of gives the loss of the batch as it is.
# - losses.append(loss.item())  =>  losses.append(loss.item() / len(batch[0]))
# - losses.append(loss.item())  =>  losses.append(loss.item() * len(batch[0]))
# The losses are whole numbers: an array of integers cuts off what follows the point. np.array(losses), or dtype=float.
# - return np.array(losses)  =>  return np.array(losses).astype(int)
# The buffers are back, the weights are not: they stand at the last point. Save and put back the whole state, parameters
# and buffers.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = [b.clone() for b in model.buffers()]
# & model.load_state_dict(saved)  =>  for b, old in zip(model.buffers(), saved): b.copy_(old)
# %% mistakes otherwise="losses on a parabola"
# L(w) = 3w², from w = 1, where the gradient is 6. At the step 0.1 the weight is 1 − 0.1·6 = 0.4 and the loss 0.48, at
# 0.2 and 0.4 it is −0.2 and −1.4. Print the weight and the loss at each point: which is the first that differs?
# - p0 - step * g  =>  p0 - step * (g - 1)
# %% mistakes otherwise="losses, a net with BN"
# With one weight the walk is right, in a net with BN it is not. Either a part of the parameters stayed, or moved by
# another gradient than its own; or the mode was changed; or the loss is not loss_of(model, batch) as it is, of the
# whole batch.
# - losses.append(loss.item())  =>  losses.append(loss.item() / 2 if len(batch[0]) > 1 else loss.item())
# %% mistakes otherwise="losses and distances"
# The losses are right, so the walk is. The distance at each step is ‖g′ − g‖₂: the gradient there minus that at the
# start, all parameters as one vector, the root of the sum of squares.
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)).norm() / 2)
# %% mistakes otherwise="what walk_gradient leaves behind"
# The line above names what is not as it was. Save parameters and buffers before you begin, put all of them back at the
# end; call no train() and no eval(), and leave .grad alone.
# - model.load_state_dict(saved)  =>  model.load_state_dict(saved); model[1].running_mean.zero_()

# %% exercise="beta_smoothness"
# %% right="a loop that keeps the largest"
def beta_smoothness(steps, distances, gradient_norm):
    largest = 0.0
    for step, distance in zip(steps, distances):
        quotient = distance / (step * gradient_norm)
        if quotient > largest:
            largest = quotient
    return float(largest)
# %% right="the length divided out last"
def beta_smoothness(steps, distances, gradient_norm):
    return np.divide(distances, steps).max() / gradient_norm
# %% right="in PyTorch"
def beta_smoothness(steps, distances, gradient_norm):
    steps, distances = (torch.as_tensor(a, dtype=torch.float64) for a in (steps, distances))
    return (distances / (steps * gradient_norm)).max().item()
# %% mistakes
# The distances were divided by η. The weights moved by η times the length of the gradient: divide by that.
# - np.asarray(steps) * gradient_norm  =>  np.asarray(steps)
# steps was left out, or came in twice. The distance moved is step times gradient_norm, another one for each point.
# - np.asarray(steps) * gradient_norm  =>  gradient_norm
# - np.asarray(steps) * gradient_norm  =>  np.asarray(steps) ** 2 * gradient_norm
# gradient_norm, or the step, stands on the wrong side. The distance moved is η·‖g‖, and all of it divides.
# - np.asarray(steps) * gradient_norm  =>  np.asarray(steps) / gradient_norm
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.asarray(distances) * moved)
# - np.asarray(steps) * gradient_norm  =>  gradient_norm / np.asarray(steps)
# All changes were divided by one distance moved (the largest, smallest or mean). Each point has its own: divide point
# by point, then take the largest.
# - np.max(np.asarray(distances) / moved)  =>  np.max(distances) / np.max(moved)
# - np.max(np.asarray(distances) / moved)  =>  np.max(distances) / np.min(moved)
# - np.max(np.asarray(distances) / moved)  =>  np.max(distances) / np.mean(moved)
# That is the mean, the median or another quantile over the walk. β is a bound, so the largest counts.
# - np.max(np.asarray(distances) / moved)  =>  np.mean(np.asarray(distances) / moved)
# - np.max(np.asarray(distances) / moved)  =>  np.median(np.asarray(distances) / moved)
# - np.max(np.asarray(distances) / moved)  =>  np.percentile(np.asarray(distances) / moved, 95)
# - np.max(np.asarray(distances) / moved)  =>  np.quantile(np.asarray(distances) / moved, 0.9)
# That belongs to the largest quotient: its place in the array, or the step or the distance there. The quotient itself
# is wanted: np.max, not np.argmax.
# - np.max(np.asarray(distances) / moved)  =>  np.argmax(np.asarray(distances) / moved)
# - np.max(np.asarray(distances) / moved)  =>  np.asarray(steps)[np.argmax(np.asarray(distances) / moved)]
# - np.max(np.asarray(distances) / moved)  =>  np.asarray(distances)[np.argmax(np.asarray(distances) / moved)]
# Sums or norms were divided, or a straight line fitted, which is a kind of mean. Divide point by point, then take the
# largest.
# - np.max(np.asarray(distances) / moved)  =>  np.linalg.norm(distances) / np.linalg.norm(moved)
# - np.max(np.asarray(distances) / moved)  =>  np.sum(distances) / np.sum(moved)
# - np.max(np.asarray(distances) / moved)  =>  np.sum(moved * distances) / np.sum(moved**2)
# - np.max(np.asarray(distances) / moved)  =>  np.polyfit(moved, distances, 1)[0]
# That is the smallest quotient. β is a bound: the largest counts.
# - np.max(np.asarray(distances) / moved)  =>  np.min(np.asarray(distances) / moved)
# That is the quotient at the last point, or at the largest step. The largest quotient may stand elsewhere.
# - np.max(np.asarray(distances) / moved)  =>  (np.asarray(distances) / moved)[-1]
# That is the quotient at the first point, or at the smallest step. The largest quotient may stand elsewhere.
# - np.max(np.asarray(distances) / moved)  =>  (np.asarray(distances) / moved)[0]
# That is the distance moved for each unit of change. β is the other way round: change of the gradient, divided by
# distance moved.
# - np.max(np.asarray(distances) / moved)  =>  np.max(moved / np.asarray(distances))
# - np.max(np.asarray(distances) / moved)  =>  np.min(moved / np.asarray(distances))
# All quotients came back, or the largest so far of each. β is the largest of all, one float.
# - float(np.max(np.asarray(distances) / moved))  =>  np.maximum.accumulate(np.asarray(distances) / moved)
# - float(np.max(np.asarray(distances) / moved))  =>  np.asarray(distances) / moved
# The quotient was taken where the change of the gradient is largest. Another point may have changed less, but over a
# far shorter way: divide at every point, then take the largest.
# - np.max(np.asarray(distances) / moved)  =>  np.asarray(distances)[np.argmax(distances)] / moved[np.argmax(distances)]
# The length of the gradient came in squared, or as a root. The distance moved is η·‖g‖.
# - np.asarray(steps) * gradient_norm  =>  np.asarray(steps) * gradient_norm**2
# - np.asarray(steps) * gradient_norm  =>  np.asarray(steps) * gradient_norm**0.5
# These are the changes from one point of the walk to another (the one before, or the first), or the steps were added
# up. Both the change and the distance moved are counted from the start, as they stand in steps and distances.
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.abs(np.diff(distances, prepend=0) / np.diff(moved, prepend=0)))
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.abs(np.diff(distances) / np.diff(moved)))
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.diff(distances) / np.diff(moved))
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.gradient(distances, moved))
# - np.asarray(steps) * gradient_norm  =>  np.cumsum(steps) * gradient_norm
# - np.asarray(steps) * gradient_norm  =>  np.diff(steps, prepend=0) * gradient_norm
# - np.max(np.asarray(distances) / moved)
# + np.max((np.asarray(distances) - distances[0])[1:] / (moved - moved[0])[1:])
# Nothing comes back (None). End with a return.
# - return float(np.max(np.asarray(distances) / moved))  =>  pass
# steps and distances may be lists, or arrays. A list cannot be multiplied or divided as an array can, and an array has
# no .index(). np.asarray makes an array of either.
# - np.max(np.asarray(distances) / moved)  =>  (np.asarray(distances) / moved)[distances.index(max(distances))]
# - np.asarray(steps) * gradient_norm  =>  steps * gradient_norm
# - np.max(np.asarray(distances) / moved)  =>  np.max(distances / steps) / gradient_norm
# - np.max(np.asarray(distances) / moved)  =>  np.max(distances / gradient_norm / steps)
# %% mistakes
# That is a range, the largest minus the smallest (of the changes, or of the quotients). β is the largest quotient;
# nothing is subtracted.
# - np.max(np.asarray(distances) / moved)  =>  np.ptp(np.asarray(distances) / moved)
# - np.max(np.asarray(distances) / moved)  =>  np.ptp(distances) / np.ptp(moved)
# - np.max(np.asarray(distances) / moved)  =>  np.ptp(distances) / gradient_norm
# The quotients were not taken as they are: squared, doubled, halved, a root, or put together by a norm. The largest is
# wanted, plain.
# - np.max(np.asarray(distances) / moved)  =>  np.sqrt(np.max(np.asarray(distances) / moved))
# - np.max(np.asarray(distances) / moved)  =>  np.max((np.asarray(distances) / moved) ** 2)
# - np.max(np.asarray(distances) / moved)  =>  2 * np.max(np.asarray(distances) / moved)
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.asarray(distances) / moved) / 2
# - np.max(np.asarray(distances) / moved)  =>  np.linalg.norm(np.asarray(distances) / moved)
# - np.max(np.asarray(distances) / moved)  =>  np.sum(np.asarray(distances) / moved)
# The quotient was rounded (//, int or round). / alone divides, and β is returned as it is.
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.asarray(distances) // moved)
# - np.max(np.asarray(distances) / moved)  =>  int(np.max(np.asarray(distances) / moved))
# - np.max(np.asarray(distances) / moved)  =>  round(np.max(np.asarray(distances) / moved), 2)
# Return one float, β, and nothing beside it.
# - return float(np.max(np.asarray(distances) / moved))
# + quotients = np.asarray(distances) / moved; return float(max(quotients)), steps[quotients.argmax()]
# - return float(np.max(np.asarray(distances) / moved))  =>  return [float(np.max(np.asarray(distances) / moved))]
# - float(np.max(np.asarray(distances) / moved))  =>  np.max(np.asarray(distances) / moved, keepdims=True)
# Python's max and if want single numbers; of an array np.max takes the largest.
# - np.max(np.asarray(distances) / moved)  =>  max(0, np.asarray(distances) / moved)
# The first or the last point was left out, or the search ended where the quotients first fell. The walk has no point at
# the start to leave out: all K quotients count.
# - np.max(np.asarray(distances) / moved)
# + np.max((np.asarray(distances) / moved)[1:] if len(steps) > 1 else np.asarray(distances) / moved)
# - np.max(np.asarray(distances) / moved)
# + np.max((np.asarray(distances) / moved)[:-1] if len(steps) > 1 else np.asarray(distances) / moved)
# steps or distances were sorted on their own. steps[k] belongs to distances[k]: divide first.
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.sort(distances) / moved)
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.asarray(distances) / np.sort(moved))
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.sort(distances) / np.sort(moved))
# gradient_norm was added or subtracted. It multiplies the step: the distance moved is η·‖g‖, and distances are changes
# already.
# - np.asarray(steps) * gradient_norm  =>  np.asarray(steps) + gradient_norm
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.abs(np.asarray(distances) - gradient_norm) / moved)
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.asarray(distances) / np.asarray(steps)) - gradient_norm
# Neither the step nor the gradient's length was divided by. The change counts for the distance moved, η·‖g‖.
# - np.max(np.asarray(distances) / moved)  =>  np.max(distances)
# %% mistakes of="a loop that keeps the largest"
# The loop does not end with the largest quotient. The largest so far begins at 0 (not at 1, or a distance, which may be
# larger than all quotients); only a greater quotient (>) takes its place, and nothing but the quotient is kept.
# - largest = 0.0  =>  largest = 1.0
# - largest = 0.0  =>  largest = distances[0]
# - if quotient > largest:  =>  if quotient < largest:
# - largest = quotient  =>  largest = distance
# %% mistakes otherwise="β of a bent walk"
# β is the largest of the quotients distances[k] / (steps[k]·gradient_norm), k from 0 to K − 1, and nothing else. Print
# all of them, and do the first by hand.
# - np.max(np.asarray(distances) / moved)  =>  2 / np.max(moved)

# %% exercise="q_envelope"
# %% mistakes
# After a hundred steps at four rates, where are the four nets? Not on one line through one point. That they differ may
# come from the landscape, but also just from the slow one lagging behind the fast one.
# - q_envelope = "d"  =>  q_envelope = "a"
# No gradient is in that figure, and no distance between weights. Only four losses are.
# - q_envelope = "d"  =>  q_envelope = "b"
# All four runs have the same start. What differs between them is the learning rate.
# - q_envelope = "d"  =>  q_envelope = "c"

# %% exercise="q_scale"
# %% mistakes
# That is one of two factors. The step is lr·gradient, and the gradient is 10 times shorter. But it also moves the tip
# of a vector that is 10 times longer: by how much does that turn it?
# - q_scale = "a"  =>  q_scale = "b"
# The loss is the same, its gradient is not: look at the printed lengths. And the same step turns a long vector less
# than a short one.
# - q_scale = "a"  =>  q_scale = "c"
# Look at the printed lengths: the gradient became shorter, not longer.
# - q_scale = "a"  =>  q_scale = "d"
