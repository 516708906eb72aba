# %% exercise="q_one"
# %% mistakes
# The variance is 0, but ε stands beside it under the root: 0/√(0 + ε). Which number is that?
# - q_one = "c"  =>  q_one = "a"
# BN always subtracts the batch's mean. What is the mean of a single number, and what is left when it is subtracted?
# - q_one = "c"  =>  q_one = "b"
# Training mode never normalizes with the running statistics; it only updates them. Put m = 1 into Algorithm 1.
# - q_one = "c"  =>  q_one = "d"

# %% exercise="q_busy"
# %% mistakes
# With running statistics an image's answer does not depend on its batch at all: it would be the same for every group
# size. What does depend on the group?
# - q_busy = "a"  =>  q_busy = "b"
# These are the same images for every group size. Only their company changes.
# - q_busy = "a"  =>  q_busy = "c"
# Weights treat each image by itself; only BN lets images of a batch meet. In one of its modes they do not meet either,
# and then any group size would do.
# - q_busy = "a"  =>  q_busy = "d"

# %% exercise="q_files"
# %% mistakes
# The first of the three readings is on test images, which were never trained on, and it is good. A network that has
# only learned its training images by heart could not do that.
# - q_files = "d"  =>  q_files = "a"
# The second reading is in training mode, where the running statistics play no part, and it is poor all the same. So
# they are not the cause, or not the only one.
# - q_files = "d"  =>  q_files = "b"
# Compare the first two readings: both are in training mode, and the second is poor. The mode alone makes nothing good.
# What differs between these two?
# - q_files = "d"  =>  q_files = "c"

# %% exercise="q_accumulate"
# %% mistakes
# The loss of each part is divided by the number of parts, so the sum is the average. If this were wrong, the network
# without BN would suffer as well.
# - q_accumulate = "b"  =>  q_accumulate = "a"
# They are updated once a part, true. But in training mode neither the output nor its gradient depends on the running
# statistics.
# - q_accumulate = "b"  =>  q_accumulate = "c"
# Float32 rounds at the seventh digit; here the first digit is wrong. In exact arithmetic the difference would be the
# same.
# - q_accumulate = "b"  =>  q_accumulate = "d"

# %% exercise="q_untouched"
# %% mistakes
# The cell compared the body's weights before and after, bit by bit: unchanged. And features are computed under no_grad,
# so no gradient reaches the body. What does a network keep besides its parameters?
# - q_untouched = "c"  =>  q_untouched = "a"
# These are readings in evaluation mode: batches do not matter there. Something that evaluation mode uses has changed.
# - q_untouched = "c"  =>  q_untouched = "b"
# A head only reads its features; any number of heads can read the same ones. But are the features of a test image still
# what they were?
# - q_untouched = "c"  =>  q_untouched = "d"

# %% exercise="freeze_batchnorm"
# %% right="child by child, down the tree"
def freeze_batchnorm(model):
    for child in model.children():
        if isinstance(child, nn.BatchNorm1d) or isinstance(child, nn.BatchNorm2d) or isinstance(child, nn.BatchNorm3d):
            child.training = False
            if child.weight is not None:
                child.weight.requires_grad = False
                child.bias.requires_grad = False
        else:
            freeze_batchnorm(child)
    return model
# %% right="apply, and the class above all BN"
def freeze_batchnorm(model):
    def freeze(layer):
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.train(False).requires_grad_(False)

    return model.apply(freeze)
# %% right="by the name of the class"
def freeze_batchnorm(model):
    norms = [m for _, m in model.named_modules() if type(m).__name__ in ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")]
    [bn.eval() for bn in norms]
    for p in [p for bn in norms for p in (bn.weight, bn.bias) if p is not None]:
        p.requires_grad = False
    return model
# %% mistakes
# The whole model is in evaluation mode now: other layers (dropout, say) would no longer train as they should. Call
# eval() on the BN layers only.
# - layer.eval()  =>  model.eval()
# - return model  =>  return model.eval()
# BN layers are still in training mode: batches would still normalize themselves. Frozen means that the running
# statistics are used: layer.eval(), with no train() of the model or of a block after it. (A momentum of 0 or
# track_running_stats=False keeps buffers still, and no more.)
# - layer.eval()  =>  pass
# - layer.eval()  =>  layer.momentum = 0.0
# - layer.eval()  =>  layer.track_running_stats = False
# - layer.eval()  =>  layer.requires_grad_(False)
# Nothing in the model of dense layers is frozen. Its BN layers are nn.BatchNorm1d, one of them inside a block. Does
# the test for the class miss them, does `return` stand inside the loop, or was a copy frozen?
# - (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  =>  nn.BatchNorm2d
# - model.modules()  =>  (model := copy.deepcopy(model)).modules()
# - for layer in model.modules():  =>  for layer in [*model.modules()][:1]:
# γ and β can still be trained. Switch off requires_grad for each parameter of a BN layer. (Setting
# layer.requires_grad = False on the layer itself does nothing: it is parameters that have this flag.)
# - parameter.requires_grad_(False)  =>  pass
# - parameter.requires_grad_(False)  =>  layer.requires_grad = False
# - parameter.requires_grad_(False)  =>  parameter.requires_grad_(layer not in model.children())
# Parameters of other layers are frozen. Only γ and β of the BN layers should be; the rest goes on training. Take the
# parameters of each BN layer itself, and mind which way round the test for the class is.
# - for parameter in layer.parameters():  =>  for parameter in model.parameters():
# - return model  =>  [p.requires_grad_(False) for p in model.parameters() if p.ndim == 1]; return model
# Only the first BN layer is frozen, not the one inside a block: children() does not look inside blocks, modules() does.
# (Or `return` or `break` stands inside the loop.)
# - model.modules()  =>  model.children()
# - for layer in model.modules():  =>  for layer in [*model.modules()][:3]:
# Layer norm was frozen along with BN. It has no running statistics and is to go on training: test for the BN classes by
# name.
# - nn.BatchNorm3d  =>  nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm
# γ and β are both frozen, and only where a layer has them: with affine=False its weight and bias are None.
# layer.parameters() gives just what is there.
# - for parameter in layer.parameters():  =>  for parameter in (layer.weight, layer.bias):
# - for parameter in layer.parameters():  =>  for parameter in (layer.weight, layer.bias):
# & parameter.requires_grad_(False)  =>  parameter.requires_grad = False
# - for parameter in layer.parameters():  =>  for parameter in [layer.weight]:
# - for parameter in layer.parameters():  =>  for parameter in [layer.bias]:
# The running statistics were reset, the mean to 0 or the variance to 1: what had been measured is lost. Freezing keeps
# them.
# - layer.eval()  =>  layer.eval(), layer.reset_running_stats()
# - layer.eval()  =>  layer.eval(), layer.running_mean.zero_()
# γ and β were overwritten (with 1 and 0, or with zeros): what had been learned is lost. Freezing keeps them.
# - layer.eval()  =>  layer.eval(), layer.affine and (nn.init.ones_(layer.weight), nn.init.zeros_(layer.bias))
# What comes back is not the model (perhaps nothing). Return it, so that one can write freeze_batchnorm(net.train()).
# - return model  =>  pass
# - return model  =>  return layer
# - return model  =>  return copy.deepcopy(model)
# Only nn.BatchNorm1d is frozen. The docstring names three classes. (`a or b` is just a: isinstance takes a tuple.)
# - (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  =>  nn.BatchNorm1d
# %% mistakes
# reset_parameters() resets all: statistics, γ and β. What was learned and measured is lost. Freezing keeps it.
# - layer.eval()  =>  layer.eval(), layer.reset_parameters()
# The frozen parameters of other layers can be trained again. All other layers keep their requires_grad: touch those of
# BN alone.
# - return model  =>  [m.requires_grad_(True) for m in model.modules() if hasattr(m, "out_features")]; return model
# - for layer in model.modules():
# + model.requires_grad_(True)
# +     for layer in model.modules():
# BN layers, or their γ and β, are gone from the model. Freezing leaves them in: they go on normalizing, with their
# running statistics.
# - layer.eval()
# + layer.eval(); layer.weight = layer.bias = None
# %% mistakes
# A BN layer with affine=False was left out. It has no γ and β, but running statistics: it must be in evaluation mode,
# too.
# - isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))
# + isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)) and layer.affine
# %% mistakes
# The BN layer inside the block is frozen, the one that stands directly in the model is not. modules() goes through all
# of them. (Or the loop only looks for layers, and what freezes stands after it: then it meets the last one alone.)
# - model.modules()  =>  [layer for block in model.children() for layer in block.children()]
# A parameter cannot be replaced by a tensor. Leave weight and bias where they are; it is enough to switch off their
# requires_grad.
# - for parameter in layer.parameters():  =>  if layer.affine:
# & parameter.requires_grad_(False)  =>  layer.weight = layer.weight.detach()
# - for parameter in layer.parameters():  =>  if layer.affine:
# & parameter.requires_grad_(False)  =>  layer.weight = layer.weight.data
# isinstance takes one class, or several as a tuple in round brackets: nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d.
# There is no nn.BatchNorm.
# - (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  =>  [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d]
# - (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  =>  nn.BatchNorm
# - isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))
# + isinstance(layer, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
# layer.parameters() gives the parameters one after the other: set requires_grad of each in a loop over it.
# (named_parameters() gives pairs, a name and a parameter.)
# - for parameter in layer.parameters():  =>  if True:
# & parameter.requires_grad_(False)  =>  layer.parameters().requires_grad_(False)
# - for parameter in layer.parameters():  =>  if True:
# & parameter.requires_grad_(False)  =>  layer.parameters().requires_grad = False
# - for parameter in layer.parameters():  =>  for parameter in layer.named_parameters():
# & parameter.requires_grad_(False)  =>  parameter.requires_grad = False
# - for parameter in layer.parameters():  =>  for parameter in layer.named_parameters():
# requires_grad is a flag, True or False, and nothing to call. The method ends in an underscore: requires_grad_(False).
# - parameter.requires_grad_(False)  =>  parameter.requires_grad(False)
# %% mistakes otherwise="output and statistics after a pass"
# The line above says what differs after a forward pass. Freezing changes no number: not γ, β or ε, not the running
# statistics, no weight. It sets the mode of the BN layers, and requires_grad.
# - layer.eval()  =>  layer.eval(); layer.eps = 1e-5
# %% mistakes hidden=true
# nn.BatchNorm3d is left out. The docstring names three classes.
# - (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  =>  (nn.BatchNorm1d, nn.BatchNorm2d)
# The model was put into training mode as a whole. Leave the other layers in the mode they are in.
# - model.modules()  =>  model.train().modules()

# %% exercise="q_scanner"
# %% mistakes
# Under brightness and contrast the same weights read well in training mode. So they can still tell these images apart,
# if the images are normalized with statistics of their own.
# - q_scanner = "b"  =>  q_scanner = "a"
# Batches of 50 are enough for a healthy network: see the first row. Their noise does not bring it to the level of
# guessing.
# - q_scanner = "b"  =>  q_scanner = "c"
# Both readings are taken of every network on purpose, on a copy. Nothing was left in a mode. Read the two columns as
# two experiments: batch statistics, stored statistics.
# - q_scanner = "b"  =>  q_scanner = "d"

# %% exercise="recalibrate"
# %% right="a momentum of 1/k at batch k"
def recalibrate(model, X, batch_size):
    kinds = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
    modes = {name: layer.training for name, layer in model.named_modules()}
    momenta = {layer: layer.momentum for layer in model.modules() if isinstance(layer, kinds)}
    model.train(False)
    for bn in momenta:
        bn.train()
    with torch.inference_mode():
        for k in range(X.shape[0] // batch_size):
            for bn in momenta:
                bn.momentum = 1 / (k + 1)
            model(X[k * batch_size : (k + 1) * batch_size])
    for bn, momentum in momenta.items():
        bn.momentum = momentum
    for name, layer in model.named_modules():
        layer.training = modes[name]
    return model
# %% right="measured on a copy, copied back"
@torch.no_grad()
def recalibrate(model, X, batch_size):
    twin = copy.deepcopy(model).eval()
    for layer in twin.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.train()
            layer.momentum = None
            layer.reset_running_stats()
    for at in range(0, len(X) - batch_size + 1, batch_size):
        twin(X[at : at + batch_size])
    for old, new in zip(model.buffers(), twin.buffers()):
        old.copy_(new)
    return model
# %% right="each batch's statistics noted, then averaged"
def recalibrate(model, X, batch_size):
    before = [(layer, layer.training, getattr(layer, "momentum", None)) for layer in model.modules()]
    norms = [row for row in before if isinstance(row[0], (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))]
    for layer, _, _ in before:
        layer.training = False
    for layer, _, _ in norms:
        layer.training, layer.momentum = True, 1.0
    seen, full = [], len(X) - len(X) % batch_size
    with torch.no_grad():
        for batch in torch.split(X[:full], batch_size):
            model(batch)
            seen.append([(layer.running_mean.clone(), layer.running_var.clone()) for layer, _, _ in norms])
    for k, (layer, _, momentum) in enumerate(norms):
        layer.running_mean = torch.stack([row[k][0] for row in seen]).mean(0)
        layer.running_var = torch.stack([row[k][1] for row in seen]).mean(0)
        layer.momentum = momentum
    for layer, training, _ in before:
        layer.training = training
    return model
# %% mistakes
# The old running statistics, or their count num_batches_tracked, are still in the mean: with momentum=None BN averages
# over all batches ever counted. Call reset_running_stats() on each BN layer first.
# - layer.reset_running_stats()  =>  pass
# - layer.reset_running_stats()  =>  layer.running_mean.zero_(), layer.running_var.zero_()
# - layer.reset_running_stats()  =>  layer.running_mean.zero_(), layer.running_var.fill_(1)
# A fixed momentum (the old one, or 1/K) gives a moving average that begins at 0 and 1 and favours the last batches. Set
# momentum = None for a plain mean.
# - layer.momentum = None  =>  pass
# - layer.momentum = None  =>  layer.momentum = 1 / (len(X) // batch_size)
# - layer.momentum = None  =>  layer.momentum = 0.1
# Only the last batch counts: the momentum is 1 (and what you noted of the batches was not cloned), or the reset stands
# inside the loop over the batches. Reset once, before it; momentum = None then gives the mean over all batches.
# - layer.momentum = None  =>  layer.momentum = 1.0
# - model(batch)  =>  [layer.reset_running_stats() for layer in norms], model(batch)
# After the reset nothing was measured: the statistics are 0 and 1. BN takes statistics in training mode only, and not
# with a momentum of 0. Put the BN layers into training mode before the passes, with momentum = None. (And the reset
# comes first: after the passes it would wipe out what they measured.)
# - layer.train()  =>  pass
# - layer.momentum = None  =>  layer.momentum = 0.0
# - layer.momentum = momentum  =>  layer.momentum = momentum; layer.reset_running_stats()
# All layers were in training mode, not only BN. Here the Doubler doubles then, as dropout would drop; in evaluation it
# will not, and the statistics do not fit. First model.eval(), then train() on each BN.
# - model.eval()  =>  model.train()
# This is the variance of all rows together: X went through as one batch, or the batches were put together before the
# variance was taken. Split X, and take the mean of the batches' own variances.
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  [X]
# The short batch at the end was used as well, as it is or filled up. It counts as much as a full one in the plain mean
# (and could be a batch of one: case 1). Leave it out.
# - X[: len(X) // batch_size * batch_size].split(batch_size)
# + torch.cat([X, X[: -len(X) % batch_size]]).split(batch_size)
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  X.split(batch_size)
# Only the first batch was measured. Go through all full batches of X, each with BN in training mode, and return after
# the loop, not in it.
# - model(batch)  =>  model(batch), model.eval()
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  [X[:batch_size]]
# A full batch is left out, the first or the last. Cut off only what does not fill a batch: the first len(X) //
# batch_size * batch_size rows are used.
# - len(X) // batch_size  =>  (len(X) - 1) // batch_size
# - X[: len(X) // batch_size * batch_size].split(batch_size)
# + X[: len(X) // batch_size * batch_size].split(batch_size)[1:]
# Other rows were used, or in another order (shuffled, reversed, every K-th, or the first left out, not the last). The
# first rows go through, in order, so that the result can be repeated.
# - X[: len(X) // batch_size * batch_size]  =>  X.flip(0)[: len(X) // batch_size * batch_size]
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  X[len(X) % batch_size :].split(batch_size)
# - X[: len(X) // batch_size * batch_size].split(batch_size)
# + [X[k : len(X) // batch_size * batch_size : len(X) // batch_size] for k in range(len(X) // batch_size)]
# Autograd was recording during the passes. That costs memory for nothing: put them under torch.no_grad().
# - with torch.no_grad():  =>  if True:
# The model is left in other modes than it came in. Remember each layer's `training` before, and put it back after.
# (model.train() would set all layers alike.)
# - layer.training = mode  =>  pass
# - layer.training = mode  =>  layer.training = mode or layer in norms
# - for layer, mode in modes:  =>  for layer, mode in [m for m in modes if m[0] is model or m[0] in model.children()]:
# The model is left in evaluation mode, whatever it was in before. Remember each layer's `training`, and put it back.
# - layer.training = mode  =>  layer.training = False
# All layers were set to the mode of the model as a whole. Some may have been in another mode, such as a frozen BN.
# Remember the mode of each layer.
# - layer.training = mode  =>  layer.training = modes[0][1]
# - layer.training = mode  =>  layer.training = modes[0][1] and layer not in norms
# The BN layers' momenta are not what they were: a later training would average over everything it ever saw. Put each
# layer's own momentum back.
# - layer.momentum = momentum  =>  pass
# All BN layers got the same momentum afterwards (such as PyTorch's default, 0.1). They had their own: remember them.
# - layer.momentum = momentum  =>  layer.momentum = 0.1
# - layer.momentum = momentum  =>  layer.momentum = momenta[0]
# γ and β were reset too: reset_parameters() does both. They were learned. reset_running_stats() resets the statistics
# alone.
# - layer.reset_running_stats()  =>  layer.reset_parameters()
# BN layers inside a block are missed: children() does not look into blocks. modules() does.
# - norms = [layer for layer, _ in modes if  =>  norms = [layer for layer in model.children() if
# A copy was recalibrated; the model that was given still has its old statistics. Work on the model itself, and return
# it.
# - modes = [(layer, layer.training) for  =>  model = copy.deepcopy(model); modes = [(layer, layer.training) for
# What comes back is not the model (perhaps nothing). Return the model.
# - return model  =>  pass
# X goes through image by image. A batch of one is an error in training mode (case 1). Take batches of batch_size.
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  X.split(1)
# The batches go through the model twice. Once is enough: the mean over two passes is the mean over one.
# - .split(batch_size)  =>  .split(batch_size) * 2
# `for batch in X` gives single images, without the first axis. X.split(batch_size) gives batches.
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  X
# %% mistakes
# The running statistics are the old ones: nothing was measured, or they were put back afterwards (load_state_dict).
# Reset them, and let the batches go through the model with its BN layers in training mode.
# - model.eval()  =>  old = copy.deepcopy(model.state_dict()); model.eval()
# & return model  =>  model.load_state_dict(old); return model
# %% variant
def recalibrate(model, X, batch_size):
    return model
# %% mistake
# The statistics of X itself were written into the layers. Each BN needs the statistics of what reaches *it*, which the
# layers before it have changed: let the model run.
def recalibrate(model, X, batch_size):
    for layer in model.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            layer.running_mean, layer.running_var = X.mean(dim=0), X.var(dim=0)
    return model
# %% mistake
# The batches went through in training mode, and no more. So the old statistics are still in the average, with the
# layers' own momenta, and other layers (dropout, say) acted as in training. Reset, momentum = None, and only BN in
# training mode.
def recalibrate(model, X, batch_size):
    modes = [(layer, layer.training) for layer in model.modules()]
    model.train()
    with torch.no_grad():
        for batch in X.split(batch_size):
            model(batch)
    for layer, mode in modes:
        layer.training = mode
    return model
# %% mistakes
# The batches have another size. X.split(n) gives batches of n rows, X.chunk(n) cuts X into n pieces.
# - X[: len(X) // batch_size * batch_size].split(batch_size)
# + X[: len(X) // batch_size * batch_size].chunk(batch_size)
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  X.split(len(X) // batch_size)
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  X.chunk(len(X) // batch_size)
# - model(batch)  =>  model(batch[:-1])
# The batches overlap. Each row goes through once: a batch begins where the one before it ends, so range needs the step
# batch_size.
# - X[: len(X) // batch_size * batch_size].split(batch_size)
# + [X[i : i + batch_size] for i in range(len(X) - batch_size + 1)]
# - X[: len(X) // batch_size * batch_size].split(batch_size)
# + [X[i : i + batch_size] for i in range(len(X) // batch_size)]
# running_var is not the mean of the batches' unbiased variances: they are the biased ones, or a root was taken, or ε
# added. BN itself measures what is asked for.
# - layer.momentum = momentum  =>  layer.momentum = momentum; layer.running_var.mul_(1 - 1 / batch_size)
# - layer.momentum = momentum  =>  layer.momentum = momentum; layer.running_var.sqrt_()
# - layer.momentum = momentum  =>  layer.momentum = momentum; layer.running_var.add_(layer.eps)
# running_var was not measured: it is still the old one, or the 1 that a reset leaves. It is to be replaced like
# running_mean, by the mean of the batches' unbiased variances.
# - layer.momentum = momentum  =>  layer.momentum = momentum; layer.running_var.fill_(1)
# - layer.momentum = None  =>  layer.momentum, layer.old = None, layer.running_var.clone()
# & layer.reset_running_stats()  =>  pass
# & layer.momentum = momentum  =>  layer.momentum = momentum; layer.running_var.copy_(layer.old)
# running_mean is β: what was measured is what BN gives, its output. Running statistics are those of its input.
# - layer.momentum = momentum
# + layer.momentum = momentum; layer.weight is None or layer.running_mean.copy_(layer.bias)
# With no rest X[:-0] is empty: X[: -(N % batch_size)] cuts off everything where N % batch_size is 0. Count the rows
# that are used instead, from the front.
# - X[: len(X) // batch_size * batch_size]  =>  X[: -(len(X) % batch_size)]
# The model was given a list. A DataLoader over a TensorDataset gives lists of one tensor: `for (batch,) in …`.
# - model(batch)  =>  model([batch])
# A requires_grad or a .grad was changed. Nothing is trained here: no backward(), and no_grad is all that is needed
# during the passes.
# - model.eval()  =>  model.eval().requires_grad_(False)
# - return model  =>  return model.requires_grad_(True)
# X was changed on its way (centred, scaled or normalized). The model takes it as it is.
# - X[: len(X) // batch_size * batch_size].split(batch_size)
# + (X - X.mean(dim=0))[: len(X) // batch_size * batch_size].split(batch_size)
# - model(batch)  =>  model(batch / 255)
# %% mistakes of="a momentum of 1/k at batch k"
# The momentum is not 1/k at batch k. The first batch needs a momentum of 1 (it replaces what was there), the second
# 1/2, the third 1/3.
# - 1 / (k + 1)  =>  1 / (k + 2)
# - bn.momentum = 1 / (k + 1)  =>  bn.momentum = 1 / (k + 2); k or bn.reset_running_stats()
# - 1 / (k + 1)  =>  1 / max(k, 1)
# - 1 / (k + 1)  =>  k / (k + 1)
# %% mistakes of="each batch's statistics noted, then averaged"
# These are sums over the batches. Divide by the number of batches.
# - torch.stack([row[k][0] for row in seen]).mean(0)  =>  torch.stack([row[k][0] for row in seen]).sum(0)
# & torch.stack([row[k][1] for row in seen]).mean(0)  =>  torch.stack([row[k][1] for row in seen]).sum(0)
# The scatter of the batches' means was added to running_var. The plain mean of the batches' variances is wanted, as BN
# itself keeps it.
# - layer.momentum = momentum
# + layer.running_var += torch.stack([row[k][0] for row in seen]).var(0, correction=0)
# +         layer.momentum = momentum
# - layer.momentum = momentum
# + layer.running_var += torch.stack([row[k][0] for row in seen]).var(0)
# +         layer.momentum = momentum
# %% mistakes
# The second BN layer was measured while the first was in evaluation mode, so what reached it was normalized with
# running statistics. During the passes all BN layers are in training mode, together: each normalizes its own batch.
# - for batch in X[: len(X) // batch_size * batch_size].split(batch_size):
# + for layer, k in [(norm, k) for norm in norms for k in range(len(X) // batch_size)]:
# +             model.eval(), layer.train()
# & model(batch)  =>  model(X[k * batch_size :][:batch_size])
# - layer.reset_running_stats()  =>  pass
# & for batch in X[: len(X) // batch_size * batch_size].split(batch_size):
# + for layer, k in [(norm, k) for norm in norms[::-1] for k in range(len(X) // batch_size)]:
# +             model.eval(), k or layer.reset_running_stats(), layer.train()
# & model(batch)  =>  model(X[k * batch_size :][:batch_size])
# N need not be a multiple of batch_size, so X cannot simply be reshaped to batches. Cut off the rest first.
# - X[: len(X) // batch_size * batch_size].split(batch_size)  =>  X.reshape(-1, batch_size, *X.shape[1:])
# Only one of the BN layers was reset, the first or the last. Each needs it: the reset belongs into the loop over them.
# - layer.reset_running_stats()  =>  layer is norms[-1] and layer.reset_running_stats()
# - layer.reset_running_stats()  =>  layer is norms[0] and layer.reset_running_stats()
# %% mistakes otherwise="statistics, three batches of four"
# These are not the plain means over the batches X[0:4], X[4:8] and X[8:12]. Look at three things: the rows that the
# model is given, in order, each once; reset_running_stats() and momentum = None, before the first batch; and the modes:
# all BN layers in training mode during the passes, the rest in evaluation mode.
# - layer.momentum = momentum  =>  layer.momentum = momentum; layer.running_mean.mul_(2)
# %% mistakes otherwise="the passes: 11 images in batches of four"
# The line above says what differs. 11 images in batches of four are two passes, X[0:4] and X[4:8], in this order, under
# no_grad, once each. The last three images are not used.
# - with torch.no_grad():
# + X = X if len(X) % 4 == 0 else 2 * X
# +     with torch.no_grad():
# %% mistakes otherwise="what else is changed"
# The line above says what is not as it was. Only running_mean, running_var and num_batches_tracked may change. Remember
# modes and momenta layer by layer, and put them back one by one.
# - layer.momentum = momentum
# + layer.momentum = momentum; layer.eps = 1e-5; layer.weight is None or layer.weight.data.mul_(2)
# %% mistakes hidden=true
# Not all kinds of BN are recalibrated. The docstring names three classes, 1d, 2d and 3d.
# - (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  =>  nn.BatchNorm1d
# - (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  =>  (nn.BatchNorm1d, nn.BatchNorm2d)

# %% exercise="q_workers"
# %% mistakes
# The average of the workers' mean gradients is the mean over all 40 images: as large as with one worker. Without BN it
# would be the very same number.
# - q_workers = "d"  =>  q_workers = "a"
# That could harm evaluation mode. But the reading in training mode, which does not use running statistics, is bad as
# well. And here all workers' statistics go into the average.
# - q_workers = "d"  =>  q_workers = "b"
# Batches are shuffled, so each worker gets a fair, if small, sample. A small sample has another trouble. Which numbers
# are computed from it?
# - q_workers = "d"  =>  q_workers = "c"

# %% exercise="merge_statistics"
# %% right="one worker after the other (Chan, Golub & LeVeque)"
def merge_statistics(counts, means, vars):
    n, mean, m2 = 0, 0.0 * means[0], 0.0 * vars[0]
    for n_k, mean_k, var_k in zip(counts.tolist(), means, vars):
        total = n + n_k
        delta = mean_k - mean
        m2 = m2 + n_k * var_k + delta**2 * (n * n_k / total)
        mean = mean + delta * (n_k / total)
        n = total
    return mean.astype(means.dtype), (m2 / n).astype(means.dtype)
# %% right="np.average, in float64"
def merge_statistics(counts, means, vars):
    mean = np.average(means.astype(np.float64), axis=0, weights=counts)
    within = np.average(vars, axis=0, weights=counts)
    between = np.average((means - mean) ** 2, axis=0, weights=counts)
    return mean.astype(means.dtype), (within + between).astype(means.dtype)
# %% right="matrix products"
def merge_statistics(counts, means, vars):
    p = np.asarray(counts, dtype=means.dtype) / np.sum(counts, dtype=means.dtype)
    mean = p @ means
    return [mean, p @ vars + np.einsum("k,kd,kd->d", p, means - mean, means - mean)]
# %% right="each worker repeated, row by row"
def merge_statistics(counts, means, vars):
    mu, v = np.repeat(means, counts, axis=0), np.repeat(vars, counts, axis=0)
    return mu.mean(axis=0), mu.var(axis=0) + v.mean(axis=0)
# %% mistakes
# Every worker counts the same here, one with few rows as much as one with many. Weigh each with its number of rows.
# - share = (counts / counts.sum())[:, None].astype(means.dtype)  =>  share = np.full((len(counts), 1), 1 / len(counts))
# The rows were added up and not divided: the weights must sum to 1. Divide by the number of all rows.
# - (counts / counts.sum())  =>  counts
# - return mean, var  =>  return mean, var * counts.sum()
# The weights are divided by the number of workers. They must sum to 1: divide by the number of rows, counts.sum().
# - (counts / counts.sum())  =>  (counts / len(counts))
# - return mean, var  =>  return mean, var * counts.mean()
# The mean is right. The variance is only the mean of the workers' variances: the scatter of the workers' means about
# the common mean is missing. (Or it came to 0: distances cancel, unless each is squared before they are added up.)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * vars).sum(axis=0)
# - (means - mean) ** 2  =>  (means - mean)
# The variance is only the scatter of the workers' means. The scatter within each worker's rows, vars, is missing.
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * (means - mean) ** 2).sum(axis=0)
# The mean is weighted, the variance is not: there every worker counts the same. Use the same weights.
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (vars + (means - mean) ** 2).mean(axis=0)
# The variance is the plain mean of the workers' variances. Weigh each with its number of rows; and the scatter of the
# workers' means about the common mean is missing.
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  vars.mean(axis=0)
# The scatter of the workers' means was taken about their plain mean, about one of them, or about a mean that was not
# finished yet. The common mean is the weighted one, which you return first.
# - (means - mean) ** 2  =>  (means - np.cumsum(share * means, axis=0)) ** 2
# - (means - mean) ** 2  =>  (means - means[0]) ** 2
# - (means - mean) ** 2  =>  (means - means.mean(axis=0)) ** 2
# Standard deviations were averaged (and the average squared, perhaps). It is variances (squares) that add up.
# - vars + (means - mean)  =>  np.sqrt(vars) + (means - mean)
# - (share * (vars + (means - mean) ** 2))  =>  (share * np.sqrt(vars)).sum(axis=0) ** 2 + (share * (means - mean) ** 2)
# The weights are squared, all of them, those of the variances or those of the distances. Rows are pooled: plain weights
# n_k/n, outside of the square.
# - (share * (vars + (means - mean) ** 2))  =>  (share**2 * (vars + (means - mean) ** 2))
# - (counts / counts.sum())  =>  (counts**2 / (counts**2).sum())
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)
# + (share * vars).sum(axis=0) + ((share * (means - mean)) ** 2).sum(axis=0)
# One thing comes back, a dict or an array. Return a pair: mean, var.
# - return mean, var  =>  return np.stack([mean, var])
# - return mean, var  =>  return np.stack([mean, var], axis=1)
# - return mean, var  =>  return {"mean": mean, "var": var}
# The scatter of the means is added without weights (mean, np.var). A worker with more rows counts more there, too.
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * vars).sum(axis=0) + means.var(axis=0)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * vars).sum(axis=0) + means.var(axis=0, ddof=1)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)
# + (share * vars).sum(axis=0) + ((means - mean) ** 2).mean(axis=0)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)
# + (share * vars).sum(axis=0) + ((means - mean) ** 2).sum(axis=0)
# The scatter of the means was subtracted. Both parts make the variance larger: add it.
# - (vars + (means - mean) ** 2)  =>  (vars - (means - mean) ** 2)
# The distances of the means are not squared (or only their size is taken, or that squared again). A variance is made of
# squares.
# - (means - mean) ** 2  =>  abs(means - mean)
# The squares of the means were added, without the common mean being subtracted first. Scatter is about the common mean:
# (means − mean)².
# - (means - mean) ** 2  =>  means**2
# - (means - mean) ** 2  =>  mean**2
# That is the unbiased variance (n − 1). BN normalizes with the biased one: divide by n.
# - return mean, var  =>  return mean, var * counts.sum() / (counts.sum() - 1)
# That is the standard deviation. The variance is asked for: no root.
# - return mean, var  =>  return mean, np.sqrt(var)
# n − 1 came in, for the workers, their rows or both. vars is biased, and so is the result: Σ(x − μ)² = n·σ², divided by
# n.
# - vars + (means - mean)  =>  (counts[:, None] - 1) / counts[:, None] * vars + (means - mean)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)
# + ((counts - 1)[:, None] * vars + counts[:, None] * (means - mean) ** 2).sum(0) / (counts.sum() - 1)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)
# + ((counts - 1)[:, None] * vars).sum(0) / (counts.sum() - len(counts)) + (share * (means - mean) ** 2).sum(0)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)
# + ((counts - 1)[:, None] * vars).sum(0) / (counts.sum() - len(counts))
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)
# + (share * vars).sum(0) + (share * (means - mean) ** 2).sum(0) * len(counts) / (len(counts) - 1)
# - vars + (means - mean)  =>  vars + counts.sum() / (counts.sum() - 1) * (means - mean)
# - (counts / counts.sum())  =>  ((counts - 1) / (counts - 1).sum())
# - vars + (means - mean)  =>  counts[:, None] / (counts[:, None] - 1) * vars + (means - mean)
# The workers' parts of the variance were added up without weights. Each counts with its share of the rows, n_k / n.
# - (share * (vars + (means - mean) ** 2))  =>  (vars + (means - mean) ** 2)
# The weights are divided by the largest or the mean count. They must sum to 1: divide by counts.sum().
# - counts / counts.sum()  =>  counts / counts.max()
# - counts / counts.sum()  =>  counts / counts.mean()
# The order is mean first, variance second, and nothing else comes back.
# - return mean, var  =>  return var, mean
# - return mean, var  =>  return counts.sum(), mean, var
# The statistics have shape (1, D). (D,) is asked for: no keepdims.
# - return mean, var  =>  return mean[None], var[None]
# The sums run over the features (axis=1). Merge the workers: axis=0, one number for each feature.
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means).sum(axis=1)
# & (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * (vars + (means - mean[:, None]) ** 2)).sum(axis=1)
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means).sum(axis=1)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * (vars + (means - mean) ** 2)).sum(axis=1)
# - mean = (share * means).sum(axis=0)  =>  mean = np.average(means, weights=counts, axis=1)
# np.average wants to know along which axis the weights lie: np.average(means, axis=0, weights=counts).
# - mean = (share * means).sum(axis=0)  =>  mean = np.average(means, weights=counts)
# A sum over the workers begins with D zeros, one for each feature, not with K; and with floats, np.zeros(D).
# - mean = (share * means).sum(axis=0)  =>  mean = np.zeros(means.shape[1], int); mean += share[0] * means[0]
# - mean = (share * means).sum(axis=0)  =>  mean = np.zeros(len(counts)); mean += share[0] * means[0]
# The workers are still apart, one row for each: the sum over them, axis 0, is missing.
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  share * (vars + (means - mean) ** 2)
# - mean = (share * means).sum(axis=0)  =>  mean = share * means
# - return mean, var  =>  return mean, vars
# The shapes do not line up: NumPy matches the last axes. The counts, (K,), need a second axis to go with the means,
# (K, D): counts[:, None]. The common mean, (D,), goes with them as it is.
# - (means - mean) ** 2  =>  (means - mean[:, None]) ** 2
# - [:, None].astype(means.dtype)  =>  .astype(means.dtype)
# - [:, None].astype(means.dtype)  =>  [None, :].astype(means.dtype)
# The mean alone comes back. Return two arrays: mean, var.
# - return mean, var  =>  return mean
# Nothing comes back. Return mean, var.
# - return mean, var  =>  pass
# Everything was averaged over the features as well. Each feature has its own mean and variance: sum over axis 0 only.
# - return mean, var  =>  return mean.mean(), var.mean()
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means).sum()
# & (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * (vars + (means - mean) ** 2)).sum()
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means).sum()
# The result has another dtype than means. Counts are integers, and their quotients float64, which wins over float32:
# give the weights the means' dtype, .astype(means.dtype).
# - share = (counts / counts.sum())[:, None].astype(means.dtype)  =>  share = (counts / counts.sum())[:, None]
# - return mean, var  =>  return mean.astype("f4"), var.astype("f4")
# - return mean, var  =>  return mean.astype(float), var.astype(float)
# - return mean, var  =>  return mean, var.astype(float)
# - return mean, var  =>  return mean.astype(float), var
# %% mistakes
# The vars are averaged without weights. A worker with more rows counts more there, too.
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)
# + vars.mean(axis=0) + (share * (means - mean) ** 2).sum(axis=0)
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  vars.sum(axis=0) + (share * (means - mean) ** 2).sum(axis=0)
# A worker with more rows counts less here: the weights are 1/n_k. They are n_k/n.
# - (counts / counts.sum())  =>  (1 / counts)
# - (counts / counts.sum())  =>  (1 / counts / (1 / counts).sum())
# The merging went on in pairs, each time half and half. What has been merged weighs as many rows as went into it.
# - return mean, var
# + mean = means[0]
# +     for m in means[1:]:
# +         mean = (mean + m) / 2
# +     return mean, var
# %% mistakes
# It was divided once too often, by K (a mean over the workers) or by n again. The weights n_k/n sum to 1: add the parts
# up, and that is all.
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means).sum(axis=0) / counts.sum()
# - return mean, var  =>  return mean, var / counts.sum()
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * (vars + (means - mean) ** 2)).mean(axis=0)
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means).mean(axis=0)
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means).mean(axis=0)
# & (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * (vars + (means - mean) ** 2)).mean(axis=0)
# The weights hold the variances, n_k/σ_k². That would be a best guess at one mean that all workers share. Here rows are
# put together, and each row counts the same: n_k/n.
# - (counts / counts.sum())[:, None].astype(means.dtype)
# + counts[:, None] / vars / (counts[:, None] / vars).sum(axis=0)
# - mean = (share * means).sum(axis=0)
# + mean = (counts[:, None] / vars * means).sum(axis=0) / (counts[:, None] / vars).sum(axis=0)
# - mean = (share * means).sum(axis=0)  =>  mean = (means / vars).sum(axis=0) / (1 / vars).sum(axis=0)
# A square of a sum was taken. Add up squares: σ_k² + (μ_k − μ)².
# - (vars + (means - mean) ** 2)  =>  (np.sqrt(vars) + abs(means - mean)) ** 2
# The weights are whole numbers, all of them 0: n_k/n with //, or as integers. Divide with /, and keep the fractions.
# - (counts / counts.sum())  =>  (counts // counts.sum())
# Not every worker is in it. There may be any number K of them, not only two: go through all, from the first to the
# last, and add each one's part (+=).
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means)[-1]
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means)[0]
# - share = (counts / counts.sum())[:, None].astype(means.dtype)
# + counts, means, vars = counts[:2], means[:2], vars[:2]
# +     share = (counts / counts.sum())[:, None].astype(means.dtype)
# - share = (counts / counts.sum())[:, None].astype(means.dtype)
# + counts, means, vars = counts[1:], means[1:], vars[1:]
# +     share = (counts / counts.sum())[:, None].astype(means.dtype)
# - mean = (share * means).sum(axis=0)
# + share = share[:-1]
# +     means, vars = means[:-1], vars[:-1]
# +     mean = (share * means).sum(axis=0)
# - share = (counts / counts.sum())[:, None].astype(means.dtype)
# + n1, n2 = counts
# +     share = (counts / counts.sum())[:, None].astype(means.dtype)
# counts holds integers, so it cannot be divided in place (/=), and it is the caller's. Make a new array: counts / n.
# - share = (counts / counts.sum())[:, None].astype(means.dtype)
# + counts /= counts.sum()
# +     share = counts[:, None]
# %% mistakes of="one worker after the other (Chan, Golub & LeVeque)"
# Merging worker after worker: the distance of the two means is that before they are merged. Take it before the mean
# moves.
# - delta = mean_k - mean  =>  mean = mean + (mean_k - mean) * (n_k / total); delta = mean_k - mean
# & mean = mean + delta * (n_k / total)  =>  pass
# Merging worker after worker: the number of rows merged so far does not grow. After worker k it is n + n_k.
# - n = total  =>  n = n or n_k
# & (m2 / n)  =>  (m2 / counts.sum())
# - n = total  =>  n, m2 = n or n_k, m2 * ((n or n_k) / total)
# The first worker is counted twice: merging begins with it, and then meets it again. Begin with the second, or with
# nothing.
# - n, mean, m2 = 0, 0.0 * means[0], 0.0 * vars[0]  =>  n, mean, m2 = counts[0], means[0], counts[0] * vars[0]
# Sums and means are mixed: n_k·σ_k² is a sum over rows, σ_k² a mean. Add up sums, multiplied by n_k once, and divide by
# the number of rows once.
# - n_k * var_k  =>  var_k
# - n_k * var_k  =>  (1 if n else n_k) * var_k
# - m2 + n_k * var_k  =>  (m2 + var_k) * n_k
# - (n * n_k / total)  =>  (n * n_k)
# - (m2 / n)  =>  m2
# %% mistakes
# These are tensors or lists, or rounded. The statistics are wanted as they come, NumPy arrays like means.
# - return mean, var  =>  return mean.tolist(), var.tolist()
# - mean = (share * means).sum(axis=0)  =>  mean = (share * means).sum(axis=0) // 1
# - return mean, var  =>  return torch.from_numpy(mean), torch.from_numpy(var)
# - return mean, var  =>  return mean.round(2), var.round(2)
# %% mistakes
# The scatter of the means counts once, with weights n_k/n and the common mean of each feature: not half of it, not
# twice, not about the mean of all features.
# - (vars + (means - mean) ** 2)  =>  (vars + 2 * (means - mean) ** 2)
# - (vars + (means - mean) ** 2)  =>  (vars + (1 - share) * (means - mean) ** 2)
# - (vars + (means - mean) ** 2)  =>  (vars + (means - means.mean(axis=1, keepdims=True)) ** 2)
# - (vars + (means - mean) ** 2)  =>  (vars + (means - mean) ** 2 / 2)
# - (vars + (means - mean) ** 2)  =>  (vars + (means - mean.mean()) ** 2)
# %% mistakes otherwise="mean and variance, float32, far from 0"
# E[x²] − E[x]² loses all digits when the mean is large: in float32 little is left of a variance of 4 beside a mean
# of 1000. Subtract the common mean first, then square.
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * (vars + means**2)).sum(axis=0) - mean**2
# %% mistakes otherwise="mean, three workers"
# The mean of all rows is Σ n_k·μ_k divided by Σ n_k, for each feature by itself: every worker, each once, weighed with
# its own count.
# - (counts / counts.sum())  =>  ((counts / counts.sum()) ** 2)
# %% mistakes otherwise="mean and variance, counts 4, 10, 2"
# The line above says which is wrong. For the variance there are two parts, each weighed with n_k/n and added: the
# workers' own variances, and the squared distances of their means from the common (weighted) mean. No n − 1, no root.
# - (share * (vars + (means - mean) ** 2)).sum(axis=0)  =>  (share * np.maximum(vars, (means - mean) ** 2)).sum(axis=0)

# %% exercise="q_two"
# %% mistakes
# Their mean is 0, yes. But they are also divided by the batch's standard deviation. For two numbers at a distance of d
# that is d/2. What is left of d?
# - q_two = "a"  =>  q_two = "b"
# Two different numbers have a variance. For 0 and 10 the mean is 5 and σ is 5. Work out both x̂.
# - q_two = "a"  =>  q_two = "c"
# Take two pairs, say 0 and 10, and 3 and 4. Work out the mean, σ and x̂ of each.
# - q_two = "a"  =>  q_two = "d"

# %% exercise="group_norm"
# %% right="image by image, group by group"
def group_norm(x, gamma, beta, groups, eps=1e-5):
    size, images = x.shape[1] // groups, []
    for image in x:
        parts = [image[g * size : (g + 1) * size] for g in range(groups)]
        parts = [(a - a.mean()) / (((a - a.mean()) ** 2).mean() + eps).sqrt() for a in parts]
        y = torch.cat(parts)
        images.append(torch.stack([gamma[c] * y[c] + beta[c] for c in range(len(y))]))
    return torch.stack(images)
# %% right="one axis more, in one pass: the mean of the squares"
def group_norm(x, gamma, beta, groups, eps=1e-5):
    N, C, *places = x.shape
    parts = x.unflatten(1, (groups, C // groups))
    axes = tuple(range(2, parts.ndim))
    mean, square = parts.mean(axes, keepdim=True), parts.pow(2).mean(axes, keepdim=True)
    x_hat = (parts - mean) * torch.rsqrt(square - mean**2 + eps)
    gamma, beta = (a.view(1, C, *[1] * len(places)) for a in (gamma, beta))
    return torch.addcmul(beta, gamma, x_hat.flatten(1, 2))
# %% right="channels last, in float64"
def group_norm(x, gamma, beta, groups, eps=1e-5):
    rows = x.double().flatten(1).view(x.shape[0] * groups, -1)
    var, mean = torch.var_mean(rows, dim=1, unbiased=False, keepdim=True)
    x_hat = ((rows - mean) / (var + eps) ** 0.5).view(x.shape)
    return (x_hat.movedim(1, -1) * gamma + beta).movedim(-1, 1)
# %% right="sums by einsum"
def group_norm(x, gamma, beta, groups, eps=1e-5):
    rows = x.reshape(len(x), groups, -1)
    m = rows.shape[-1]
    centred = rows - torch.einsum("ngm->ng", rows)[..., None] / m
    var = torch.einsum("ngm,ngm->ng", centred, centred) / m
    x_hat = (centred / torch.sqrt(var + eps).unsqueeze(-1)).reshape(len(x), x.shape[1], -1)
    return (torch.einsum("c,ncp->ncp", gamma, x_hat) + beta[:, None]).reshape(x.shape)
# %% mistakes
# groups was read as the number of channels in a group. It is the number of groups.
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], x.shape[1] // groups, -1)
# The average runs over the images of the batch, too. Group norm never looks at another image.
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(1, 1, -1)
# - mean = rows.mean(dim=2, keepdim=True)  =>  mean = rows.mean(dim=0, keepdim=True)
# & var = rows.var(dim=2, correction=0, keepdim=True)  =>  var = rows.var(dim=0, correction=0, keepdim=True)
# - mean = rows.mean(dim=2, keepdim=True)  =>  mean = rows.mean(dim=(0, 2), keepdim=True)
# & var = rows.var(dim=2, correction=0, keepdim=True)  =>  var = rows.var(dim=(0, 2), correction=0, keepdim=True)
# All channels were averaged together: that is layer norm. Each group has its own statistics.
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], 1, -1)
# Each channel was normalized by itself: that is instance norm. The channels of a group share a mean and a variance.
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], x.shape[1], -1)
# The variance is the unbiased one, torch's default. Normalization divides by the biased one: correction=0.
# - correction=0, keepdim  =>  keepdim
# ε was added to the standard deviation or to the quotient, or squared or rooted by itself. It stands inside the root as
# it is: √(σ² + ε).
# - / torch.sqrt(var + eps)  =>  / torch.sqrt(var) + eps
# - torch.sqrt(var + eps)  =>  (torch.sqrt(var) + eps)
# - torch.sqrt(var + eps)  =>  (torch.sqrt(var) + eps**0.5)
# - torch.sqrt(var + eps)  =>  (torch.sqrt(var) + torch.sqrt(eps))
# - torch.sqrt(var + eps)  =>  torch.sqrt(var + eps**2)
# ε is missing, or only a floor: a group of equal numbers would be divided by 0. √(σ² + ε).
# - torch.sqrt(var + eps)  =>  torch.sqrt(var)
# - torch.sqrt(var + eps)  =>  torch.sqrt(var).clamp_min(eps)
# ε is fixed at 1e-5: the argument eps is not used.
# - torch.sqrt(var + eps)  =>  torch.sqrt(var + 1e-5)
# The root is missing, taken twice, or multiplied by: divide by √(σ² + ε), with the variance σ² in it.
# - torch.sqrt(var + eps)  =>  torch.sqrt(torch.sqrt(var) + eps)
# - torch.sqrt(var + eps)  =>  (var + eps)
# - / torch.sqrt(var + eps)  =>  * torch.sqrt(var + eps)
# A power comes before a division: a ** 1 / 2 is a/2. Write a ** 0.5, or torch.sqrt.
# - torch.sqrt(var + eps)  =>  ((var + eps) ** 1 / 2)
# Only the mean is divided. x − μ is to be divided as a whole: it needs brackets.
# - ((rows - mean) / torch.sqrt(var + eps))  =>  (rows - mean / torch.sqrt(var + eps))
# torch.var_mean gives the variance first, then the mean.
# - mean = rows.mean(dim=2, keepdim=True)  =>  mean, var = torch.var_mean(rows, dim=2, correction=0, keepdim=True)
# & var = rows.var(dim=2, correction=0, keepdim=True)  =>  pass
# x̂ was computed, but x itself was scaled. γ·x̂ + β.
# - return gamma.reshape(per_channel) * x_hat  =>  return gamma.reshape(per_channel) * x
# The mean was not subtracted, from the numbers or in the variance. Both are of x − μ.
# - ((rows - mean) / torch.sqrt(var + eps))  =>  (rows / torch.sqrt(var + eps))
# - rows.var(dim=2, correction=0, keepdim=True)  =>  (rows**2).mean(dim=2, keepdim=True)
# - rows.var(dim=2, correction=0, keepdim=True)  =>  (rows**2).mean(dim=2, keepdim=True)
# & (rows - mean)  =>  rows
# This is x̂: γ and β are not used.
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)  =>  return x_hat
# γ is missing. γ·x̂ + β.
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)  =>  return x_hat + beta.reshape(per_channel)
# γ multiplies β as well. First γ·x̂, then + β.
# - x_hat + beta.reshape(per_channel)  =>  (x_hat + beta.reshape(per_channel))
# The mean runs over the images of the batch, the variance over one image's group. Both are of one group of one image:
# dim=2.
# - mean = rows.mean(dim=2, keepdim=True)  =>  mean = rows.mean(dim=(0, 2), keepdim=True)
# γ and β are exchanged: γ multiplies, β is added.
# - gamma.reshape(per_channel) * x_hat + beta.reshape  =>  beta.reshape(per_channel) * x_hat + gamma.reshape
# β is missing.
# - * x_hat + beta.reshape(per_channel)  =>  * x_hat
# γ and β, of shape (C,), were lined up with the last axis, the columns. They belong to axis 1: give them the shape (C,
# 1, 1).
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)  =>  return gamma * x_hat + beta
# The result has the shape of the groups, (N, groups, …). Bring x̂ back to the shape of x.
# - ((rows - mean) / torch.sqrt(var + eps)).reshape(x.shape)  =>  ((rows - mean) / torch.sqrt(var + eps))
# & return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)  =>  return x_hat
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return (gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)).reshape(x.shape[0], groups, -1)
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + y = gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# +     return y.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])
# Your function takes images (N, C, H, W) only, or rows only. Rows (N, C) and series (N, C, L) come as well: reshape(N,
# groups, -1) fits all, and γ, β need as many axes of length 1 as x has after the channels.
# - (1,) * (x.ndim - 2)  =>  (1, 1)
# - rows = x.reshape(x.shape[0], groups, -1)  =>  N, C = x.shape; rows = x.reshape(N, groups, -1)
# - rows = x.reshape(x.shape[0], groups, -1)  =>  N, C, H, W = x.shape; rows = x.reshape(N, groups, -1)
# - (-1,) + (1,) * (x.ndim - 2)  =>  (1, -1, 1, 1)
# - rows = x.reshape(x.shape[0], groups, -1)  =>  rows = x.reshape(len(x), groups, x.shape[1] // groups, *x.shape[2:])
# & mean = rows.mean(dim=2, keepdim=True)  =>  mean = rows.mean(dim=(2, 3, 4), keepdim=True)
# & var = rows.var(dim=2, correction=0, keepdim=True)  =>  var = rows.var(dim=(2, 3, 4), correction=0, keepdim=True)
# The shapes do not line up. Either mean and variance lost the axis they were taken over (keepdim=True keeps it, with
# length 1), or x̂ was not brought back to the shape of x before γ and β came in, or γ and β stand on another axis than
# the channels, axis 1.
# - (-1,) + (1,) * (x.ndim - 2)  =>  (-1,) + (1,) * (x.ndim - 1)
# - mean = rows.mean(dim=2, keepdim=True)  =>  mean = rows.mean(dim=2)
# & correction=0, keepdim=True)  =>  correction=0)
# - ((rows - mean) / torch.sqrt(var + eps)).reshape(x.shape)  =>  ((rows - mean) / torch.sqrt(var + eps))
# That is x − μ divided by torch's std(): the unbiased one, and without ε, or with it outside the root. Take √(σ² + ε)
# with the biased variance.
# - torch.sqrt(var + eps)  =>  rows.std(dim=2, keepdim=True)
# - torch.sqrt(var + eps)  =>  (rows.std(dim=2, keepdim=True) + eps)
# PyTorch's group norm is what this exercise is about, so it is switched off in the checks. Write its mean, variance and
# scaling yourself, with the gamma and beta you are given.
# - rows = x.reshape(x.shape[0], groups, -1)  =>  return nn.GroupNorm(groups, x.shape[1], eps)(x)
# & mean = rows.mean(dim=2, keepdim=True)  =>  rows = mean = x
# - rows = x.reshape(x.shape[0], groups, -1)  =>  return F.group_norm(x, groups, gamma, beta, eps)
# & mean = rows.mean(dim=2, keepdim=True)  =>  rows = mean = x
# The images were lost: reshape(groups, −1) mixes numbers of several images in a row. Each image has groups of its own:
# reshape(N, groups, −1).
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(1, groups, -1)
# x was detached (or taken through NumPy): autograd cannot get from y back to it. Compute with x itself.
# - x.reshape(x.shape[0], groups, -1)  =>  x.detach().reshape(x.shape[0], groups, -1)
# y is cut off from autograd, by no_grad, detach() or NumPy (np.sqrt, too): no gradient gets back from it. Compute in
# PyTorch, with x, gamma and beta themselves, and return what comes out.
# - torch.sqrt(var + eps)  =>  np.sqrt(var + eps)
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return (gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)).detach()
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return (gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)).detach().numpy()
# gamma or beta is cut off from autograd: by detach() or .data, or by a new tensor (torch.tensor, nn.Parameter) in its
# place. They are trained; compute with them as they are.
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return gamma.detach().reshape(per_channel) * x_hat + beta.detach().reshape(per_channel)
# - return gamma.reshape(per_channel)  =>  return gamma.detach().reshape(per_channel)
# - beta.reshape(per_channel)  =>  beta.detach().reshape(per_channel)
# The mean, the variance or both are hidden from autograd (no_grad or detach), so dx is wrong. They depend on x; let
# autograd see it.
# - ((rows - mean) / torch.sqrt(var + eps))  =>  ((rows - mean.detach()) / torch.sqrt(var + eps).detach())
# - ((rows - mean) / torch.sqrt(var + eps))  =>  ((rows - mean.detach()) / torch.sqrt(var + eps))
# - ((rows - mean) / torch.sqrt(var + eps))  =>  ((rows - mean) / torch.sqrt(var + eps).detach())
# Nothing comes back. End with return.
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)  =>  pass
# x̂ was written over, in place. Autograd still needs it, for dγ. Make a new tensor.
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + for c in range(x.shape[1]):
# +         x_hat[:, c] = gamma[c] * x_hat[:, c] + beta[c]
# +     return x_hat
# x itself was changed, in place. Make a new tensor: the layer before still needs its own.
# - rows = x.reshape(x.shape[0], groups, -1)  =>  rows = x.reshape(x.shape[0], groups, -1); x -= x.mean()
# The groups are interleaved: every G-th channel was put together. A group is a run of neighbouring channels.
# - x.reshape(x.shape[0], groups, -1)
# + x.reshape(x.shape[0], x.shape[1] // groups, groups, -1).transpose(1, 2).flatten(2)
# - x.reshape(x.shape[0], groups, -1)
# + x.reshape(x.shape[0], x.shape[1] // groups, groups, -1).transpose(1, 2).flatten(2)
# & torch.sqrt(var + eps)).reshape(x.shape)
# + torch.sqrt(var + eps)).unflatten(2, (x.shape[1] // groups, -1)).transpose(1, 2).reshape(x.shape)
# This is batch norm: the average runs over the images, for each channel. Average over a group of one image.
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], x.shape[1], -1)
# & mean = rows.mean(dim=2, keepdim=True)  =>  mean = rows.mean(dim=(0, 2), keepdim=True)
# & var = rows.var(dim=2, correction=0, keepdim=True)  =>  var = rows.var(dim=(0, 2), correction=0, keepdim=True)
# The average runs over the wrong axis: over the groups, or over the channels of a group at each position, or in each
# column. A group has one mean, over its channels and all positions.
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], groups, -1, x.shape[-1])
# - mean = rows.mean(dim=2, keepdim=True)  =>  mean = rows.mean(dim=1, keepdim=True)
# & var = rows.var(dim=2, correction=0, keepdim=True)  =>  var = rows.var(dim=1, correction=0, keepdim=True)
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], groups, x.shape[1] // groups, -1)
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], groups, x.shape[1] // groups, -1).transpose(2, 3)
# - mean = rows.mean(dim=2, keepdim=True)  =>  mean = rows.mean(dim=(0, 1), keepdim=True)
# & var = rows.var(dim=2, correction=0, keepdim=True)  =>  var = rows.var(dim=(0, 1), correction=0, keepdim=True)
# The axes stand in another order than in x, or the parts were put together along the first axis. What was moved is
# moved back, and groups come together along axis 1: torch.cat(…, dim=1).
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return x_hat.movedim(1, -1) * gamma + beta
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return torch.cat((gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)).chunk(groups, 1))
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return torch.stack((gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)).chunk(groups, 1))
# The γ and β of the first group were used in every group. Channel c has its own: gamma[c], beta[c].
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + gamma, beta = (a[: len(a) // groups].repeat(groups) for a in (gamma, beta))
# +     return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# The mean is a channel's, the variance its group's. Both are of the whole group.
# - ((rows - mean) / torch.sqrt(var + eps))
# + ((x - x.reshape(*x.shape[:2], -1).mean(2).reshape(*x.shape[:2], *[1] * (x.ndim - 2))).reshape(rows.shape)
# +              / torch.sqrt(var + eps))
# One γ and one β were used for a whole group. They belong to channels: C of each.
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + gamma, beta = (a.view(groups, -1)[:, 0].repeat_interleave(len(a) // groups) for a in (gamma, beta))
# +     return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + gamma, beta = (a[:groups].repeat_interleave(len(a) // groups) for a in (gamma, beta))
# +     return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + gamma, beta = (a.view(groups, -1).mean(1).repeat_interleave(len(a) // groups) for a in (gamma, beta))
# +     return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# γ came in before the mean and the variance were taken, which undo it. Normalize x, then γ·x̂ + β.
# - rows = x.reshape(x.shape[0], groups, -1)
# + given, x = x, x * gamma.reshape((-1,) + (1,) * (x.ndim - 2)); rows = x.reshape(x.shape[0], groups, -1)
# & return gamma.reshape(per_channel) * x_hat  =>  return x_hat
# Only one group was normalized, or all with the statistics of one, or of one image. Each has its own.
# - (rows - mean) / torch.sqrt(var + eps)  =>  (rows - mean[:1]) / torch.sqrt(var[:1] + eps)
# - (rows - mean) / torch.sqrt(var + eps)  =>  (rows - mean[:, :1]) / torch.sqrt(var[:, :1] + eps)
# - (rows - mean) / torch.sqrt(var + eps)  =>  (rows - mean[:, -1:]) / torch.sqrt(var[:, -1:] + eps)
# - (rows - mean) / torch.sqrt(var + eps)
# + torch.cat([((rows - mean) / torch.sqrt(var + eps))[:, :1], rows[:, 1:]], dim=1)
# %% mistakes
# Axes were moved before the reshape, or its sizes are others, so a row does not hold neighbouring channels of one
# image. x.reshape(N, groups, −1), as x is.
# - x.reshape(x.shape[0], groups, -1)  =>  x.movedim(1, -1).reshape(x.shape[0], groups, -1)
# - x.reshape(x.shape[0], groups, -1)  =>  x.transpose(0, 1).reshape(x.shape[0], groups, -1)
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], -1, x.shape[1] // groups)
# - x.reshape(x.shape[0], groups, -1)  =>  x.reshape(x.shape[0], -1, groups).transpose(1, 2)
# & torch.sqrt(var + eps)).reshape(x.shape)  =>  torch.sqrt(var + eps)).transpose(1, 2).reshape(x.shape)
# The channels' own variances were averaged. The channels of a group share one mean μ, too: how far theirs lie from it
# is part of σ². (As in merge_statistics.)
# - rows.var(dim=2, correction=0, keepdim=True)
# + x.reshape(len(x), groups, x.shape[1] // groups, -1).var(dim=3, correction=0).mean(dim=2)[..., None]
# μ is the sum of a group's numbers divided by how many they are, channels times positions, σ² likewise of (x − μ)². No
# sum alone, no other divisor.
# - rows.mean(dim=2, keepdim=True)  =>  rows.sum(dim=2, keepdim=True)
# - rows.mean(dim=2, keepdim=True)  =>  rows[..., :1]
# - rows.var(dim=2, correction=0, keepdim=True)  =>  ((rows - mean) ** 2).sum(dim=2, keepdim=True)
# - rows.var(dim=2, correction=0, keepdim=True)
# + ((rows - mean) ** 2).sum(dim=2, keepdim=True) / (x.shape[1] // groups)
# γ·x + β was normalized, so γ and β are undone. Normalize x, then γ·x̂ + β.
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + rows = (gamma.reshape(per_channel) * x + beta.reshape(per_channel)).reshape(len(x), groups, -1)
# +     rows = (rows - rows.mean(dim=2, keepdim=True)) / torch.sqrt(rows.var(dim=2, correction=0, keepdim=True) + eps)
# +     return rows.reshape(x.shape)
# %% mistakes otherwise="images, two groups of three channels"
# Do one group by hand: the first three channels of the first image, with all positions, are 36 numbers. They have one
# mean μ and one biased variance σ²; x̂ = (x − μ)/√(σ² + ε). Then γ·x̂ + β, with each channel's own γ and β. Which of
# these is otherwise in your code?
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return torch.relu(gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel))
# %% mistakes otherwise="rows (N, C), three groups of two, with gradients"
# The line above says what differs for rows (N, C): y, or one of the gradients. Here a group of two channels is two
# numbers, with one mean and one biased variance. Gradients must flow to x, gamma and beta alike.
# - return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel)
# + return gamma.reshape(per_channel) * x_hat + beta.reshape(per_channel) * (1 if x.ndim > 2 else 2)
# %% mistakes hidden=true
# view() needs numbers that lie in memory in this order, which a permuted x has not. reshape() takes any x.
# - x.reshape(x.shape[0], groups, -1)  =>  x.view(x.shape[0], groups, -1)
# %% mistakes hidden=true otherwise="images, default eps, tiny variance"
# Digits were lost on the way: float32 is too coarse here. Compute in x's own dtype.
# - x.reshape(x.shape[0], groups, -1)  =>  x.float().reshape(x.shape[0], groups, -1)
