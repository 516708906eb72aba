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
# The noise is shared by the whole batch: m and s have one value a channel. The paper draws them anew for each value,
# around the channel's μ and σ: their size is a.shape.
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  m = rng.uniform(mu - 0.1, mu + 0.1, shape)
# & s = rng.normal(sigma, 0.1, a.shape)  =>  s = rng.normal(sigma, 0.1, shape)
# There is no second draw: μ and σ were used as m and s. Every value gets its own m, around μ, and its own s, around σ.
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  m = mu
# & s = rng.normal(sigma, 0.1, a.shape)  =>  s = sigma
# μ and σ were drawn for each value too. Then the shifts average out, and the channel's distribution as a whole hardly
# moves: no covariate shift. One μ and one σ a channel: C numbers each.
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5, a.shape)
# & sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.25, a.shape)
# μ and σ are single numbers here, the same for all channels. Each channel has its own: C numbers each.
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5)
# & sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.25)
# μ and σ were drawn one a sample (N numbers), not one a channel. The channels stand on the second axis: a.shape[1].
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(-0.5, 0.5, (len(a), *[1] * (a.ndim - 1)))
# & sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(1, 1.25, (len(a), *[1] * (a.ndim - 1)))
# In images every place of every channel got a μ and a σ of its own. Height and width belong to the batch: all places of
# a channel share one μ and one σ, C numbers each, in a shape that broadcasts: (C, 1, 1).
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = a.shape[1:]
# Tables come out right, images do not: C numbers were lined up with the last axis, the width. Give μ and σ the shape
# (C, 1, 1), which broadcasts to (N, C, H, W).
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = a.shape[1:2]
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = a.shape[-1:]
# Tables come out right, images do not: this shape has more axes than a table (N, C), or fewer than images need. It must
# follow a.ndim: (C,) for a table, (C, 1, 1) for images.
# - shape = a.shape[1], *[1] * (a.ndim - 2)  =>  shape = (a.shape[1], 1, 1)
# In images m and s are shared by all places of a channel. They are drawn anew for each sample and place: size a.shape.
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  m = rng.uniform(mu - 0.1, mu + 0.1, (len(a), *shape))
# & s = rng.normal(sigma, 0.1, a.shape)  =>  s = rng.normal(sigma, 0.1, (len(a), *shape))
# PyTorch and NumPy do not multiply each other: s and m are still NumPy arrays. Make tensors of them:
# torch.from_numpy(…).to(a).
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  s * a + m
# m has one value a channel, shared by the batch, and s has one for each value. Both are drawn anew for each value: size
# a.shape.
# - m = rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  m = rng.uniform(mu - 0.1, mu + 0.1, shape)
# a came back as it went in. Scale it by s and shift it by m.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  return a
# m does not depend on μ: it was drawn from U(−0.1, 0.1). Draw it around the channel's μ, from U(μ − 0.1, μ + 0.1).
# Without μ the means stay at 0.
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(-0.1, 0.1, a.shape)
# s does not depend on σ: it was drawn around 1. Draw it from N(σ, 0.1).
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(1, 0.1, a.shape)
# The spread of s is √0.1 here. In this course the 0.1 of N(σ, 0.1) is the standard deviation, which is what rng.normal
# takes.
# - rng.normal(sigma, 0.1, a.shape)  =>  rng.normal(sigma, 0.1**0.5, a.shape)
# The shift came before the scaling: s·(a + m). The formula is s·a + m.
# - a + torch.from_numpy(m).to(a)  =>  (a + torch.from_numpy(m).to(a))
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
# μ and σ have the same interval. σ ~ U(1, 1.25): it stays near 1, it only widens.
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.uniform(-0.5, 0.5, shape)
# σ was drawn from a normal distribution. It is uniform: σ ~ U(1, 1.25).
# - sigma = rng.uniform(1, 1.25, shape)  =>  sigma = rng.normal(1, 1.25, shape)
# The noise was made float32, which keeps seven digits; these activations are float64. Make tensors of a's own dtype:
# torch.from_numpy(…).to(a).
# - (s).to(a) * a + torch.from_numpy(m).to(a)  =>  (s).float() * a + torch.from_numpy(m).float()
# The random numbers are float64, and the result became float64 with them. The layers behind want a's dtype:
# torch.from_numpy(…).to(a).
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  torch.from_numpy(s) * a + torch.from_numpy(m)
# The result is right, but autograd cannot see how it came from a (was it taken through NumPy, detach() or no_grad?).
# The layers in front would learn nothing. Turn the noise into tensors, not a into an array.
# - torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  torch.from_numpy(s * a.detach().numpy() + m).to(a)
# The result is a NumPy array. The next layer needs a tensor: make tensors of s and m, not an array of a.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  return s * a.detach().numpy() + m
# a itself was changed (*= or +=). Make a new tensor: the caller, and autograd, still need a.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)
# + a *= torch.from_numpy(s).to(a); a += torch.from_numpy(m).to(a); return a
# A generator of your own was used, with a seed of its own, so every step would draw the same noise. Draw from the
# argument rng: it moves on from call to call.
# - mu = rng.uniform  =>  rng = np.random.RandomState(0); mu = rng.uniform
# s has one value a channel, shared by the batch, and m has one for each value. Both are drawn anew for each value: size
# a.shape.
# - s = rng.normal(sigma, 0.1, a.shape)  =>  s = rng.normal(sigma, 0.1, shape)
# m is missing: the activations are scaled, but not shifted. s·a + m.
# - return torch.from_numpy(s).to(a) * a + torch.from_numpy(m).to(a)  =>  return torch.from_numpy(s).to(a) * a
# m is subtracted. The formula adds it: s·a + m.
# - a + torch.from_numpy(m).to(a)  =>  a - torch.from_numpy(m).to(a)
# μ lies between 0 and 0.5 here, so every channel is shifted upwards. μ ~ U(−0.5, 0.5).
# - mu = rng.uniform(-0.5, 0.5, shape)  =>  mu = rng.uniform(0, 0.5, shape)
# m lies to one side of μ only. m ~ U(μ − 0.1, μ + 0.1).
# - rng.uniform(mu - 0.1, mu + 0.1, a.shape)  =>  rng.uniform(mu, mu + 0.1, a.shape)
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
    if layer > 0:
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
# after. (And copy.deepcopy(model.state_dict()): without the copy, what you saved moves along with the model.)
# - model.load_state_dict(saved)  =>  pass
# - copy.deepcopy(model.state_dict())  =>  model.state_dict()
# The weights are back, the buffers are not: two forward passes in training mode moved the running statistics.
# state_dict() holds buffers too, parameters() does not.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = [p.detach().clone() for p in model.parameters()]
# & model.load_state_dict(saved)  =>  for p, old in zip(model.parameters(), saved): p.data.copy_(old)
# Distance 0, cosine 1: the two gradients are one and the same. Either G is weight.grad itself, which the second
# backward() overwrote (clone it), or both were taken at the same weights. G′ needs a new loss, after the layers in
# front have moved. (p = p − lr·g moves nothing: it makes a new tensor and calls that p. p -= lr·g moves the parameter.)
# - (G_new,) = torch.autograd.grad(loss_of(model, batch), [weight])  =>  G_new = G
# The layer itself moved too. In G′ its weight is the old one: only the layers in front have moved, model[:layer].
# - list(model[:layer].parameters())  =>  list(model[: layer + 1].parameters())
# All layers moved, those behind as well. In G′ only the layers in front have moved: model[:layer].
# - list(model[:layer].parameters())  =>  list(model.parameters())
# The layers behind moved, those in front stayed. It is the other way round: the layers in front make this layer's
# inputs.
# - list(model[:layer].parameters())  =>  list(model[layer + 1 :].parameters())
# Only a part of the parameters in front moved. The step moves all of them, weights, biases, γ and β:
# model[:layer].parameters().
# - list(model[:layer].parameters())  =>  [m.weight for m in model[:layer] if isinstance(m, nn.Linear)]
# - list(model[:layer].parameters())  =>  [m.weight for m in model[:layer] if hasattr(m, "weight")]
# The layers in front moved uphill. A step of gradient descent subtracts: W − lr·gradient.
# - p -= lr * g  =>  p += lr * g
# The layers in front moved by the whole gradient. The step is lr times the gradient.
# - p -= lr * g  =>  p -= g
# The layers in front moved one after the other, each with a gradient that saw the others' new weights. They move at
# once, with the gradients of one backward pass.
# - for p, g in zip(front, steps):  =>  for p in front:
# & p -= lr * g  =>  p -= lr * torch.autograd.grad(torch.enable_grad()(loss_of)(model, batch), [p])[0]
# That is the squared distance, or its mean. ‖G − G′‖₂ is the root of the sum of squares: (G − G′).norm().
# - (G - G_new).norm()  =>  ((G - G_new) ** 2).sum()
# - (G - G_new).norm()  =>  ((G - G_new) ** 2).mean()
# That is the mean of the absolute differences. The ℓ2 distance is the root of the sum of squares: (G − G′).norm().
# - (G - G_new).norm()  =>  (G - G_new).abs().mean()
# The distance was divided by the length of G. That is a sensible number too, but the paper's is the plain distance.
# - (G - G_new).norm()  =>  (G - G_new).norm() / G.norm()
# The difference of the two lengths says nothing of the directions. Subtract the gradients first, then take the length.
# - (G - G_new).norm()  =>  (G.norm() - G_new.norm()).abs()
# The second number is the dot product. The cosine divides it by both lengths.
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  (G * G_new).sum()
# That is one cosine for each row or column. Flatten both gradients to one vector each first.
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  F.cosine_similarity(G, G_new).mean()
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  F.cosine_similarity(G, G_new, dim=0).mean()
# - F.cosine_similarity(G.flatten(), G_new.flatten(), dim=0)  =>  F.cosine_similarity(G, G_new)
# The second number is 1 − cosine, or its angle. The cosine itself is wanted, best 1.
# - F.cosine_similarity  =>  1 - F.cosine_similarity
# The cosine lost its sign. G′ may point against G: then the cosine is negative, which is the most shift of all.
# - return distance.item(), cosine.item()  =>  return distance.item(), abs(cosine.item())
# The two results are in the wrong order: distance first, then cosine.
# - return distance.item(), cosine.item()  =>  return cosine.item(), distance.item()
# Only the distance came back. Return two numbers, distance and cosine.
# - return distance.item(), cosine.item()  =>  return distance.item()
# The layers behind moved as well. In G′ only the layers in front have moved: model[:layer].
# - list(model[:layer].parameters())  =>  [p for p in model.parameters() if p is not model[layer].weight]
# That is the sum of the absolute differences. The ℓ2 distance is the root of the sum of squares: (G − G′).norm().
# - (G - G_new).norm()  =>  (G - G_new).abs().sum()
# That is the root of the mean square. The ℓ2 distance is the root of the sum of squares: (G − G′).norm().
# - (G - G_new).norm()  =>  ((G - G_new) ** 2).mean().sqrt()
# Weights and buffers of the part in front are back. But the forward pass moved the buffers of the BN layers behind,
# too: save the state of the whole model.
# - copy.deepcopy(model.state_dict())  =>  copy.deepcopy(model[:layer].state_dict())
# & model.load_state_dict(saved)  =>  model[:layer].load_state_dict(saved)
# The weights are almost back. Subtracting lr·g and adding it again rounds twice, and the buffers have moved besides.
# Save the state before, put it back after.
# - model.load_state_dict(saved)  =>  for p, g in zip(front, steps): p.data += lr * g
# The parameters in front came back with requires_grad off: the next training step would fail. Leave it on, and move
# them under torch.no_grad().
# - with torch.no_grad():  =>  if [p.requires_grad_(False) for p in front] or True:
# Nothing comes back (None). End with a return.
# - return distance.item(), cosine.item()  =>  pass
# The gradients were taken in evaluation mode, with the running statistics. The training step is taken with the batch's.
# Leave the model in the mode it is in.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = copy.deepcopy(model.state_dict()); model.eval()
# No gradient can be taken of a loss that was computed under torch.no_grad(). Only the step, p -= lr·g, belongs there.
# - loss_of(model, batch), [weight, *front]  =>  torch.no_grad()(loss_of)(model, batch), [weight, *front]
# torch.autograd.grad returns a tuple, even for one tensor. Unpack it: (G,) = torch.autograd.grad(…).
# - (G_new,) = torch  =>  G_new = torch
# - (G - G_new).norm()  =>  ((G,) - (G_new,)).norm()
# layer is a number, the layer's place in the model. The layer itself is model[layer].
# - model[layer].weight  =>  layer.weight
# One loss can be differentiated once; its graph is gone then, and it belongs to the old weights anyway. Compute a new
# loss after the layers in front have moved.
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
# state before, put it back after. (And copy.deepcopy(model.state_dict()): without the copy, what you saved moves
# along.)
# - model.load_state_dict(saved)  =>  pass
# - copy.deepcopy(model.state_dict())  =>  model.state_dict()
# The weights are back, BN's buffers are not: every forward pass in training mode moved the running statistics. Put back
# the whole state_dict, not only the parameters.
# - model.load_state_dict(saved)  =>  for p, p0 in zip(parameters, start): p.data.copy_(p0)
# The step sizes were taken as distances: the gradient was divided by its length. The walk is start − step·gradient, so
# where the gradient is long, the walk is long.
# - zip(parameters, start, gradient)  =>  zip(parameters, start, [g / flat(gradient).norm() for g in gradient])
# The losses are changes from the loss at the start. The loss itself is wanted, at each point.
# - losses.append(loss.item())  =>  losses.append(loss.item() - base)
# & losses, distances = [], []  =>  losses, distances, base = [], [], loss_of(model, batch).item()
# The distances are those of the weights from the start. What is wanted is how far the gradient there is from the
# gradient at the start.
# - (flat(there) - flat(gradient)).norm()  =>  (step * flat(gradient)).norm()
# The distances are from one point's gradient to the next one's. Measure each from the gradient at the start.
# - ((flat(there) - flat(gradient)).norm().item())  =>  ((flat(there) - last).norm().item()); last = flat(there)
# & losses, distances = [], []  =>  losses, distances, last = [], [], flat(gradient)
# Those are squared distances. The ℓ2 distance is the root: .norm().
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)) ** 2).sum()
# This subtracts the lengths of two gradients. A gradient that turns round without changing its length would count as
# unchanged. Subtract the vectors, then take the length.
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there).norm() - flat(gradient).norm()).abs()
# This adds up one distance for each parameter. Take all parameters as one long vector: flat(…), then one norm.
# - (flat(there) - flat(gradient)).norm()  =>  sum((a - b).norm() for a, b in zip(there, gradient))
# These distances are already divided: by the step, by the length of the gradient, or by both. That comes in
# beta_smoothness; here the distance of the gradients alone is wanted.
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)).norm() / (step * flat(gradient).norm()))
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)).norm() / flat(gradient).norm())
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)).norm() / step)
# The distances are those of the gradient from 0, its length. Subtract the gradient at the start.
# - (flat(there) - flat(gradient)).norm()  =>  flat(there).norm()
# Only a part of the parameters moved. The walk is along the gradient of all of them: weights, biases, γ and β.
# - parameters = list(model.parameters())  =>  parameters = [p for p in model.parameters() if p.ndim > 1]
# - list(model.parameters())  =>  [p for m in model if isinstance(m, nn.Linear) for p in m.parameters()]
# The two results are in the wrong order: losses first, then distances.
# - return np.array(losses), np.array(distances)  =>  return np.array(distances), np.array(losses)
# Those are Python lists. Turn both into NumPy arrays: np.array(losses).
# - return np.array(losses), np.array(distances)  =>  return losses, distances
# Only the losses came back. Return both arrays, losses and distances.
# - return np.array(losses), np.array(distances)  =>  return np.array(losses)
# The start is right, the direction is not: it changed from point to point. All points lie along the gradient at the
# start. (p.grad is overwritten by the next backward(): clone it.)
# - ((flat(there) - flat(gradient)).norm().item())  =>  ((flat(there) - flat(gradient)).norm().item()); gradient = there
# That is the sum of the absolute differences. The ℓ2 distance is the root of the sum of squares: .norm().
# - (flat(there) - flat(gradient)).norm()  =>  (flat(there) - flat(gradient)).abs().sum()
# That is the root of the mean square. The ℓ2 distance is the root of the sum of squares: .norm().
# - (flat(there) - flat(gradient)).norm()  =>  ((flat(there) - flat(gradient)) ** 2).mean().sqrt()
# No gradient can be taken of a loss that was computed under torch.no_grad(). Only the new values are put in there; the
# loss is computed outside.
# - loss = loss_of(model, batch)  =>  loss = torch.no_grad()(loss_of)(model, batch)
# There is one value only: the return stands inside the loop. Dedent it, with what puts the model back.
# - model.load_state_dict(saved)  =>      model.load_state_dict(saved)
# & return np.array(losses), np.array(distances)  =>      return np.array(losses), np.array(distances)
# The weights are almost back. Subtracting step·g and adding it again rounds twice, and the buffers have moved besides.
# Save the state before, put it back after.
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
# The loss was taken in evaluation mode, with the running statistics. A training step sees the batch's. Leave the model
# in the mode it is in.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = copy.deepcopy(model.state_dict()); model.eval()
# The values are right, but backward() left gradients in .grad. The next optimizer step would use them.
# torch.autograd.grad returns gradients and leaves nothing behind.
# - there = torch.autograd.grad(loss, parameters)
# + loss.backward(); there = [p.grad.clone() for p in parameters]; model.zero_grad(set_to_none=False)
# The loss at the start was measured, over and over: a new loss must be computed after the weights have moved.
# - gradient = torch.autograd.grad(loss_of(model, batch), parameters)
# + base = loss_of(model, batch); gradient = torch.autograd.grad(base, parameters)
# & losses.append(loss.item())  =>  losses.append(base.item())
# torch.autograd.grad returns a tuple, and tuples cannot be subtracted. flat makes one vector of each.
# - (flat(there) - flat(gradient))  =>  (there - gradient)
# Gradients of different shapes cannot be stacked. flat (above) lines up all their numbers in one vector.
# - (flat(there) - flat(gradient))  =>  (torch.stack(there) - torch.stack(gradient))
# The loss is still a tensor in a graph. .item() takes the number out of it.
# - losses.append(loss.item())  =>  losses.append(loss)
# There is one value too many: the start. Return one loss and one distance for each of the steps.
# - losses, distances = [], []  =>  losses, distances = [loss_of(model, batch).item()], [0.0]
# PyTorch refuses to change a parameter in place while it records. Put the new values in under torch.no_grad().
# - with torch.no_grad():  =>  if True:
# %% mistake
# The model was not run at several places, so nothing was measured (and no trace is left by doing nothing). One loss and
# one gradient at the start, then one of each for every step.
def walk_gradient(model, batch, steps):
    return np.zeros(len(steps)), np.zeros(len(steps))
# %% mistakes hidden=true
# model.train() was called. A model that came in evaluation mode would go back in training mode. Leave the mode as it
# is.
# - saved = copy.deepcopy(model.state_dict())  =>  saved = copy.deepcopy(model.state_dict()); model.train()

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
# This divides by gradient_norm only. The distance moved is step times gradient_norm, another one for each point.
# - np.asarray(steps) * gradient_norm  =>  gradient_norm
# The gradient's length stands on the wrong side. The distance moved is η·‖g‖, and all of it divides.
# - np.asarray(steps) * gradient_norm  =>  np.asarray(steps) / gradient_norm
# The largest change was divided by the largest distance moved. They may belong to different points: divide point by
# point, then take the largest.
# - np.max(np.asarray(distances) / moved)  =>  np.max(distances) / np.max(moved)
# That is the mean over the walk. β is a bound, so the largest counts.
# - np.max(np.asarray(distances) / moved)  =>  np.mean(np.asarray(distances) / moved)
# That is the place of the largest quotient in the array. The quotient itself is wanted: np.max, not np.argmax.
# - np.max(np.asarray(distances) / moved)  =>  np.argmax(np.asarray(distances) / moved)
# The sum of the changes was divided by the sum of the distances moved, which is a kind of mean. Divide point by point,
# then take the largest.
# - np.max(np.asarray(distances) / moved)  =>  np.sum(distances) / np.sum(moved)
# That is the smallest quotient. β is a bound: the largest counts.
# - np.max(np.asarray(distances) / moved)  =>  np.min(np.asarray(distances) / moved)
# That is the quotient at the last point only. The largest may stand elsewhere.
# - np.max(np.asarray(distances) / moved)  =>  (np.asarray(distances) / moved)[-1]
# That is the quotient at the first point only. The largest may stand elsewhere.
# - np.max(np.asarray(distances) / moved)  =>  (np.asarray(distances) / moved)[0]
# That is the distance moved for each unit of change. β is the other way round: change of the gradient, divided by
# distance moved.
# - np.max(np.asarray(distances) / moved)  =>  np.max(moved / np.asarray(distances))
# All quotients came back. β is the largest of them, one float.
# - float(np.max(np.asarray(distances) / moved))  =>  np.asarray(distances) / moved
# The quotient was taken where the change of the gradient is largest. Another point may have changed less, but over a
# far shorter way: divide at every point, then take the largest.
# - np.max(np.asarray(distances) / moved)  =>  np.asarray(distances)[np.argmax(distances)] / moved[np.argmax(distances)]
# This divides by the length of the gradient twice. The distance moved is η·‖g‖.
# - np.asarray(steps) * gradient_norm  =>  np.asarray(steps) * gradient_norm**2
# These are the changes from one point of the walk to the next. Both the change and the distance moved are counted from
# the start.
# - np.max(np.asarray(distances) / moved)  =>  np.max(np.abs(np.diff(distances, prepend=0) / np.diff(moved, prepend=0)))
# Nothing comes back (None). End with a return.
# - return float(np.max(np.asarray(distances) / moved))  =>  pass
# steps may be a list, and a list times a number is no product. np.asarray makes an array of either.
# - np.asarray(steps) * gradient_norm  =>  steps * gradient_norm

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
