# %% exercise="q_eval"
# %% mistakes
# Look at the last line that the cell above printed: in evaluation mode requires_grad was True. Recording gradients has
# a switch of its own, torch.no_grad(). An evaluation needs both.
# - q_eval = "a"  =>  q_eval = "b"
# The batch's statistics are what training mode uses. Above, a batch of one gave sensible numbers in evaluation mode;
# with its own statistics x̂ would have been 0.
# - q_eval = "a"  =>  q_eval = "c"
# eval() only sets a flag, model.training. An optimizer step would still change the parameters, and train() sets the
# flag back: nothing is frozen for good.
# - q_eval = "a"  =>  q_eval = "d"

# %% exercise="my_batchnorm1d"
# %% right="torch.var_mean, detached averages, β and the buffers first"
class MyBatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.long))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.weight = nn.Parameter(torch.ones(num_features))
        self.eps, self.momentum = eps, momentum

    def forward(self, x):
        if self.training:
            m, (var, mean) = x.shape[0], torch.var_mean(x, dim=0, correction=0)
            self.num_batches_tracked = self.num_batches_tracked + 1
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean.detach()
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var.detach() * m / (m - 1)
        else:
            mean, var = self.running_mean, self.running_var
        return torch.addcmul(self.bias, self.weight, (x - mean) * torch.rsqrt(var + self.eps))
# %% right="a function does the work, as in Dive into Deep Learning"
def batch_norm(X, gamma, beta, moving_mean, moving_var, eps, momentum, training):
    if not training:
        X_hat = (X - moving_mean) / torch.sqrt(moving_var + eps)
    else:
        mean = X.mean(dim=0, keepdim=True)
        var = ((X - mean) ** 2).mean(dim=0, keepdim=True)
        X_hat = (X - mean) / torch.sqrt(var + eps)
        moving_mean = (1.0 - momentum) * moving_mean + momentum * mean.squeeze(0)
        moving_var = (1.0 - momentum) * moving_var + momentum * X.var(dim=0)
    return gamma * X_hat + beta, moving_mean.data, moving_var.data


class MyBatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight, self.bias = nn.Parameter(torch.empty(num_features)), nn.Parameter(torch.empty(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))
        self.reset_parameters()

    def reset_parameters(self):
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, X):
        Y, self.running_mean, self.running_var = batch_norm(
            X, self.weight, self.bias, self.running_mean, self.running_var, self.eps, self.momentum, self.training
        )
        self.num_batches_tracked += int(self.training)
        return Y
# %% right="matrix products, one scale and one shift"
class MyBatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        nn.Module.__init__(self)
        self.eps, self.momentum = eps, momentum
        for name, value in [("weight", torch.ones(num_features)), ("bias", torch.zeros(num_features))]:
            self.register_parameter(name, nn.Parameter(value))
        for name, value in [("running_mean", 0.0), ("running_var", 1.0)]:
            self.register_buffer(name, torch.full((num_features,), value))
        self.register_buffer("num_batches_tracked", torch.LongTensor([0])[0])

    @torch.no_grad()
    def update(self, mean, var, m):
        self.num_batches_tracked.add_(1)
        self.running_mean.mul_(1 - self.momentum).add_(mean, alpha=self.momentum)
        self.running_var += self.momentum * (var * m / (m - 1) - self.running_var)

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            m, ones = len(x), torch.ones(len(x), dtype=x.dtype, device=x.device)
            mean = ones @ x / m
            var = torch.einsum("nd,nd->d", x - mean, x - mean) / m
            self.update(mean, var, m)
        scale = self.weight / (var + self.eps) ** 0.5
        return (x - mean) * scale + self.bias
# %% mistakes of="torch.var_mean, detached averages, β and the buffers first"
# The averages run over the features of one image (dim=1). That is layer norm. BN averages over the batch, dim=0, and
# gets one number for each feature.
# - dim=0, correction=0  =>  dim=1, keepdim=True, correction=0
# The buffers carry the graph of every batch so far: memory grows at each step, and a later backward pass fails. Update
# them under torch.no_grad(), or from mean.detach() and var.detach().
# - mean.detach()  =>  mean
# & var.detach()  =>  var
# %% mistakes
# The batch's variance goes into running_var as it is. It is normalized with the biased variance, but running_var gets
# the unbiased one, m/(m−1) times as large (unit 05).
# - var * len(x) / (len(x) - 1)  =>  var
# The momentum is reversed. In PyTorch it is the weight of the new value: running = (1 − momentum)·running +
# momentum·new.
# - self.running_mean.lerp_(mean, self.momentum)  =>  self.running_mean.lerp_(mean, 1 - self.momentum)
# & (len(x) - 1), self.momentum  =>  (len(x) - 1), 1 - self.momentum
# The output is right and dx is not: autograd took the mean and the variance for constants. They depend on x. Compute
# them outside no_grad and without detach(); only the update of the buffers belongs under no_grad.
# - var = ((x - mean) ** 2).mean(dim=0)  =>  var = ((x - mean) ** 2).mean(dim=0).detach()
# & mean = x.mean(dim=0)  =>  mean = x.mean(dim=0).detach()
# The mean's part of the gradient is there, the variance's is not: the variance is detached from x. Both depend on x,
# and autograd must see both.
# - var = ((x - mean) ** 2).mean(dim=0)  =>  var = ((x - mean) ** 2).mean(dim=0).detach()
# The mean is detached from x, so dx lacks its part. Mean and variance both depend on x, and autograd must see both.
# - mean = x.mean(dim=0)  =>  mean = x.mean(dim=0).detach()
# Evaluation mode normalizes with the batch it is given. It must use running_mean and running_var: ask self.training.
# - mean, var = self.running_mean, self.running_var  =>  mean, var = x.mean(dim=0), x.var(dim=0, correction=0)
# Training mode normalizes with the running statistics. In training each batch is normalized with its own mean and
# variance; the running ones are for evaluation.
# - (x - mean) / torch.sqrt(var + self.eps)  =>  (x - self.running_mean) / torch.sqrt(self.running_var + self.eps)
# The unbiased variance (m − 1, torch's default in x.var()) normalizes the batch. Algorithm 1 divides by m:
# correction=0. The unbiased one is for running_var only.
# - var = ((x - mean) ** 2).mean(dim=0)  =>  var = x.var(dim=0)
# & var * len(x) / (len(x) - 1)  =>  var
# `a ** 1 / 2` is (a ** 1) / 2, half of a. Take torch.sqrt, or ** 0.5.
# - torch.sqrt(var + self.eps)  =>  ((var + self.eps) ** 1 / 2)
# ε was added to the standard deviation. It stands inside the root: √(σ² + ε).
# - torch.sqrt(var + self.eps)  =>  (torch.sqrt(var) + self.eps)
# The argument eps is not used, or not in both modes. Keep it in __init__ (self.eps = eps) and use it in forward.
# - self.eps, self.momentum = eps, momentum  =>  self.eps, self.momentum = 1e-5, momentum
# The momentum is fixed: the argument is not used. Keep it in __init__ (self.momentum = momentum).
# - self.eps, self.momentum = eps, momentum  =>  self.eps, self.momentum = eps, 0.1
# The running statistics are plain attributes, or buffers with persistent=False, so they are not in state_dict(): they
# would be missing from the saved file. Use self.register_buffer with its defaults.
# - self.register_buffer("running_mean", torch.zeros(num_features))  =>  self.running_mean = torch.zeros(num_features)
# & self.register_buffer("running_var", torch.ones(num_features))  =>  self.running_var = torch.ones(num_features)
# - "running_mean", torch.zeros(num_features)  =>  "running_mean", torch.zeros(num_features), persistent=False
# & "running_var", torch.ones(num_features)  =>  "running_var", torch.ones(num_features), persistent=False
# & "num_batches_tracked", torch.tensor(0)  =>  "num_batches_tracked", torch.tensor(0), persistent=False
# - self.register_buffer("running_mean", torch.zeros(num_features))  =>  self.running_mean = torch.zeros(num_features)
# & self.register_buffer("running_var", torch.ones(num_features))  =>  self.running_var = torch.ones(num_features)
# & self.register_buffer("num_batches_tracked", torch.tensor(0))  =>  self.num_batches_tracked = 0
# num_batches_tracked is missing from the state: it is a buffer too, an integer that begins at 0. Without it,
# load_state_dict complains about an unexpected key.
# - self.register_buffer("num_batches_tracked", torch.tensor(0))  =>  self.num_batches_tracked = 0
# The running statistics are parameters here, so an optimizer would be handed them. They are measured, not learned:
# register_buffer.
# - self.register_buffer("running_mean", torch.zeros(num_features))
# + self.running_mean = nn.Parameter(torch.zeros(num_features), requires_grad=False)
# - self.register_buffer("running_mean", torch.zeros(num_features))
# + self.running_mean = nn.Parameter(torch.zeros(num_features))
# & self.register_buffer("running_var", torch.ones(num_features))
# + self.running_var = nn.Parameter(torch.ones(num_features))
# γ or β cannot be trained: it needs to be an nn.Parameter, and one with a gradient.
# - self.weight = nn.Parameter(torch.ones(num_features))
# + self.weight = nn.Parameter(torch.ones(num_features), requires_grad=False)
# - self.weight = nn.Parameter(torch.ones(num_features))  =>  self.weight = torch.ones(num_features, requires_grad=True)
# - self.weight = nn.Parameter(torch.ones(num_features))  =>  self.weight = torch.ones(num_features, requires_grad=True)
# & self.bias = nn.Parameter(torch.zeros(num_features))  =>  self.bias = torch.zeros(num_features, requires_grad=True)
# γ and β are buffers here, so no optimizer would train them. What is learned is an nn.Parameter.
# - self.weight = nn.Parameter(torch.ones(num_features))
# + self.register_buffer("weight", torch.ones(num_features).requires_grad_())
# & self.bias = nn.Parameter(torch.zeros(num_features))
# + self.register_buffer("bias", torch.zeros(num_features).requires_grad_())
# The parameters have names of their own. PyTorch calls γ `weight` and β `bias`; with other names no state_dict of an
# nn.BatchNorm1d can be loaded.
# - self.weight = nn.Parameter(torch.ones(num_features))  =>  self.gamma = nn.Parameter(torch.ones(num_features))
# & self.bias = nn.Parameter(torch.zeros(num_features))  =>  self.beta = nn.Parameter(torch.zeros(num_features))
# & return self.weight * x_hat + self.bias  =>  return self.gamma * x_hat + self.beta
# γ begins at 0, so the layer's output is 0 whatever x is. nn.BatchNorm1d begins with γ = 1 and β = 0: plain x̂.
# - nn.Parameter(torch.ones(num_features))  =>  nn.Parameter(torch.zeros(num_features))
# running_var begins at 0 or near it. nn.BatchNorm1d begins at 1: before any batch was seen, a division by √ε would
# multiply x by 300.
# - "running_var", torch.ones(num_features)  =>  "running_var", torch.zeros(num_features)
# γ or β begins at random numbers. They begin at 1 and 0, so that a fresh layer only normalizes.
# - nn.Parameter(torch.ones(num_features))  =>  nn.Parameter(torch.linspace(-1, 1, num_features))
# β begins at 1. A fresh layer only normalizes: γ = 1 and β = 0.
# - nn.Parameter(torch.zeros(num_features))  =>  nn.Parameter(torch.ones(num_features))
# running_var gets the standard deviation. It keeps the variance; the root is taken when it is used.
# - running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)
# + running_var.lerp_((var * len(x) / (len(x) - 1)).sqrt(), self.momentum)
# The m of m/(m−1) is the number of rows of the batch, len(x), not the number of features.
# - len(x) / (len(x) - 1)  =>  x.shape[1] / max(x.shape[1] - 1, 1)
# A buffer changes in evaluation mode, a running statistic or the count of batches. A test image must not move them:
# that is for training mode only.
# - mean, var = self.running_mean, self.running_var
# + mean, var = self.running_mean, self.running_var; self.num_batches_tracked += 1
# - self.running_mean, self.running_var
# + self.running_mean.clone(), self.running_var.clone(); self.running_mean.lerp_(x.mean(dim=0), self.momentum)
# self.train is a method, and a method counts as true. The flag is self.training.
# - if self.training  =>  if self.train
# The two modes are exchanged: self.training is True in training mode.
# - if self.training  =>  if not self.training
# The batch's values replace the running ones. They are to be mixed: (1 − momentum)·running + momentum·new.
# - self.running_mean.lerp_(mean, self.momentum)  =>  self.running_mean.copy_(mean)
# & self.running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)
# + self.running_var.copy_(var * len(x) / (len(x) - 1))
# momentum·new is added, but nothing is taken from the old value: it becomes (1 − momentum)·running + momentum·new.
# - self.running_mean.lerp_(mean, self.momentum)  =>  self.running_mean.add_(self.momentum * mean)
# & self.running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)
# + self.running_var.add_(self.momentum * var * len(x) / (len(x) - 1))
# This is the plain mean over all batches. The running statistics forget: (1 − momentum)·running + momentum·new.
# - self.running_mean.lerp_(mean, self.momentum)  =>  self.running_mean.lerp_(mean, 1 / self.num_batches_tracked.item())
# & (len(x) - 1), self.momentum)  =>  (len(x) - 1), 1 / self.num_batches_tracked.item())
# num_batches_tracked is never counted up: add 1 at each batch in training mode.
# - self.num_batches_tracked += 1  =>  pass
# The running statistics are never updated, so evaluation mode would normalize with a mean of 0 and a variance of 1 for
# ever.
# - self.running_mean.lerp_(mean, self.momentum)  =>  pass
# & self.running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)  =>  pass
# running_var is never updated; running_mean is. Both belong to Algorithm 2.
# - self.running_var.lerp_(var * len(x) / (len(x) - 1), self.momentum)  =>  pass
# This is the plain x̂: γ and β are not used.
# - return self.weight * x_hat + self.bias  =>  return x_hat + 0 * self.weight + 0 * self.bias
# γ is missing: y = γ·x̂ + β.
# - return self.weight * x_hat + self.bias  =>  return x_hat + self.bias + 0 * self.weight
# β is missing: y = γ·x̂ + β.
# - return self.weight * x_hat + self.bias  =>  return self.weight * x_hat + 0 * self.bias
# β is added before the multiplication. y = γ·x̂ + β: γ multiplies x̂ alone.
# - self.weight * x_hat + self.bias  =>  self.weight * (x_hat + self.bias)
# In evaluation mode γ and β are missing. They were learned, and the layers after this one expect them in both modes.
# - x_hat + self.bias  =>  x_hat + self.bias if self.training else x_hat + 0 * (self.weight + self.bias)
# γ and β are exchanged: weight multiplies x̂, bias is added.
# - self.weight * x_hat + self.bias  =>  self.bias * x_hat + self.weight
# The statistics are taken over the whole array: one mean for all features. Each feature has its own: dim=0 averages
# over the batch.
# - mean = x.mean(dim=0)  =>  mean = x.mean().expand(x.shape[1])
# & var = ((x - mean) ** 2).mean(dim=0)  =>  var = ((x - mean) ** 2).mean().expand(x.shape[1])
# forward gives back None. End it with a return statement.
# - return self.weight * x_hat + self.bias  =>  pass
# The root is missing: x − μ is divided by the variance. Divide by √(σ² + ε).
# - torch.sqrt(var + self.eps)  =>  (var + self.eps)
# The averages run over the features of one image (dim=1). That is layer norm. BN averages over the batch, dim=0, and
# gets one number for each feature.
# - mean = x.mean(dim=0)  =>  mean = x.mean(dim=1, keepdim=True)
# & var = ((x - mean) ** 2).mean(dim=0)  =>  var = ((x - mean) ** 2).mean(dim=1, keepdim=True)
# The factor for running_var is upside down: the unbiased variance is larger than the biased one, m/(m−1) times.
# - var * len(x) / (len(x) - 1)  =>  var * (len(x) - 1) / len(x)
# num_batches_tracked is a float. It counts batches: a whole number, torch.tensor(0) and not torch.tensor(0.0).
# - torch.tensor(0)  =>  torch.tensor(0.0)
# γ and β are single numbers. Each feature has its own: shape (num_features,).
# - nn.Parameter(torch.ones(num_features))  =>  nn.Parameter(torch.ones(1))
# & nn.Parameter(torch.zeros(num_features))  =>  nn.Parameter(torch.zeros(1))
# The parameters or buffers have shape (1, D). nn.BatchNorm1d keeps them as (D,); broadcasting over the batch works all
# the same.
# - nn.Parameter(torch.ones(num_features))  =>  nn.Parameter(torch.ones(1, num_features))
# & nn.Parameter(torch.zeros(num_features))  =>  nn.Parameter(torch.zeros(1, num_features))
# x, γ or β (index 0, 1 or 2 in the line above) is hidden from autograd, by no_grad, detach() or .data, so no gradient
# reaches it. Only the update of the buffers belongs under no_grad.
# - return self.weight * x_hat  =>  return self.weight.data * x_hat
# - x_hat = (x - mean) / torch.sqrt(var + self.eps)  =>  x_hat = ((x - mean) / torch.sqrt(var + self.eps)).detach()
# The whole output is cut off from autograd, by no_grad or detach(), so nothing could be trained. Only the update of the
# buffers belongs under no_grad.
# - return self.weight * x_hat + self.bias  =>  return (self.weight * x_hat + self.bias).detach()
# More than y comes back. A layer gives one tensor, (N, D), to the next layer; the statistics stay in the buffers.
# - return self.weight * x_hat + self.bias  =>  return self.weight * x_hat + self.bias, mean, var
# x itself is changed, in place: `x -= mean` writes into the tensor of the layer before. Make a new one.
# - x_hat = (x - mean) / torch.sqrt(var + self.eps)  =>  x -= mean; x_hat = x / torch.sqrt(var + self.eps)
# super().__init__() is missing. It comes first in __init__: nn.Module must set up its lists of parameters and buffers
# before you add to them.
# - super().__init__()  =>  pass
# %% mistakes otherwise="a fresh layer"
# The line above says what differs. weight is ones and bias zeros, both nn.Parameter; running_mean is zeros, running_var
# ones, num_batches_tracked torch.tensor(0), all by self.register_buffer. Shapes (D,), and () for the count.
# - "running_mean", torch.zeros  =>  "running_mean", torch.ones
# %% mistakes otherwise="y, training mode"
# y is γ·x̂ + β, where x̂ = (x − μ)/√(σ² + ε): γ is self.weight, β self.bias, each as it is; μ and σ² are of the batch,
# one of each for a feature (dim=0), σ² divided by m. One of these is missing, is another, or stands elsewhere.
# - return self.weight * x_hat  =>  return (1 + self.weight) * x_hat
# %% mistakes otherwise="dx, dgamma, dbeta"
# y was right, so this is not about the formula. On the way from x, weight or bias to y something is hidden from
# autograd: by detach(), .data, no_grad, item(), numpy() or a new tensor.
# - self.weight * x_hat  =>  self.weight.detach() * x_hat + 0 * self.weight
# %% mistakes otherwise="the buffers after three batches"
# The line above says which one differs. Each becomes (1 − momentum)·running + momentum·new at every training batch: new
# is the batch's mean μ, or its variance around μ times m/(m − 1), without root or ε. The count grows by 1.
# - self.running_var.lerp_(var  =>  self.running_var.lerp_((var + self.eps)
# %% mistakes otherwise="evaluation mode"
# In evaluation mode y is γ·(x − running_mean)/√(running_var + ε) + β, with the buffers as they are: no m/(m − 1), no
# correction for how they began, and no update, before or after.
# - mean, var = self.running_mean, self.running_var
# + mean, var = self.running_mean, self.running_var * len(x) / (len(x) - 1)
# %% mistake
# This is PyTorch's layer under another name. The exercise is to write its arithmetic: mean, variance, x̂, γ·x̂ + β, and
# the running averages.
# - return self.weight * x_hat + self.bias
# + return nn.functional.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)
class MyBatchNorm1d(nn.BatchNorm1d):
    pass
# %% mistake
# PyTorch's own layer is inside yours, with parameters and names such as 'bn.weight' in the state_dict. Write the parts
# yourself: parameters, buffers, forward.
# - self.eps, self.momentum = eps, momentum  =>  self.eps, self.momentum, self.bn = eps, momentum, nn.BatchNorm1d(3)
class MyBatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.bn = nn.BatchNorm1d(num_features, eps, momentum)

    def forward(self, x):
        return self.bn(x)
# %% mistakes hidden=true
# E[x²] − E[x]² loses all digits when the mean is large: in float32 nothing is left of a variance of 4 beside a mean
# of 1000. Subtract the mean first, then square.
# - ((x - mean) ** 2).mean(dim=0)  =>  (x**2).mean(dim=0) - mean**2

# %% exercise="build_mlp"
# %% right="pairs of sizes, layers appended to the model"
def build_mlp(batchnorm, hidden=(32, 32)):
    sizes = [784, *hidden]
    model = nn.Sequential(nn.Flatten())
    for k in range(len(hidden)):
        n_in, n_out = sizes[k], sizes[k + 1]
        if batchnorm:
            model.append(nn.Linear(n_in, n_out, bias=False)).append(nn.BatchNorm1d(n_out))
        else:
            model.append(nn.Linear(n_in, n_out))
        model.append(nn.ReLU(inplace=True))
    model.append(nn.Linear(sizes[-1], 10))
    return model
# %% right="blocks within the model, by a comprehension"
def build_mlp(batchnorm, hidden=(32, 32)):
    def block(n_in, n_out):
        norm = nn.BatchNorm1d(n_out) if batchnorm else nn.Identity()
        return nn.Sequential(nn.Linear(n_in, n_out, bias=not batchnorm), norm, nn.ReLU())

    return nn.Sequential(*[block(a, b) for a, b in zip((784, *hidden), hidden)], nn.Linear(hidden[-1], 10))
# %% right="named layers, a class of its own"
class MLP(nn.Sequential):
    def __init__(self, widths, batchnorm):
        super().__init__()
        for k in range(1, len(widths)):
            self.add_module(f"linear{k}", nn.Linear(widths[k - 1], widths[k], bias=not batchnorm))
            if batchnorm:
                self.add_module(f"bn{k}", nn.BatchNorm1d(widths[k]))
            self.add_module(f"relu{k}", nn.ReLU())
        self.add_module("logits", nn.Linear(widths[-1], 10))


def build_mlp(batchnorm, hidden=(32, 32)):
    return MLP([784] + list(hidden), batchnorm)
# %% mistakes
# A Linear in front of BN has a bias. BN subtracts the mean, and the bias with it: it would never do anything. Use
# bias=False there, and keep it elsewhere.
# - bias=not batchnorm  =>  bias=True
# The hidden layers have no bias although there is no BN to replace it with its β.
# - bias=not batchnorm  =>  bias=False
# The last Linear has no bias. No BN follows it, so nothing else can shift the logits.
# - nn.Linear(fan_in, 10)  =>  nn.Linear(fan_in, 10, bias=not batchnorm)
# - nn.Linear(fan_in, 10)  =>  nn.Linear(fan_in, 10, bias=False)
# BN comes after the ReLU here. The paper normalizes z = Wu, before the activation.
# - layers.append(nn.Linear(fan_in, units, bias=not batchnorm))
# + layers += [nn.Linear(fan_in, units, bias=not batchnorm), nn.ReLU()]
# & layers.append(nn.ReLU())  =>
# There is a BN on the logits as well. It would force every class to the same mean and spread in each batch. Only hidden
# layers are normalized.
# - nn.Linear(fan_in, 10)  =>  nn.Linear(fan_in, 10), *([nn.BatchNorm1d(10)] if batchnorm else [])
# A ReLU follows the last Linear, so no logit can be negative. The logits are the last Linear's output as it is.
# - nn.Linear(fan_in, 10)  =>  nn.Linear(fan_in, 10), nn.ReLU()
# A softmax follows the last Linear. The network ends in logits: F.cross_entropy applies the softmax itself, and would
# apply it twice.
# - nn.Linear(fan_in, 10)  =>  nn.Linear(fan_in, 10), nn.Softmax(dim=1)
# A log-softmax follows the last Linear. The network ends in plain logits; F.cross_entropy does the rest.
# - nn.Linear(fan_in, 10)  =>  nn.Linear(fan_in, 10), nn.LogSoftmax(dim=1)
# There is no ReLU, so the layers collapse into one linear map. Each hidden layer ends in one.
# - layers.append(nn.ReLU())  =>  pass
# The activation function is not ReLU, but a sigmoid or a tanh. Experiment A uses nn.ReLU().
# - nn.ReLU()  =>  nn.Sigmoid()
# - nn.ReLU()  =>  nn.Tanh()
# nn.Sequential takes modules: nn.ReLU() with its brackets, not the class nn.ReLU and not the function F.relu.
# - nn.ReLU()  =>  nn.ReLU
# - nn.ReLU()  =>  F.relu
# That is an nn.ModuleList. It holds layers but does not apply them: nn.Sequential(*layers) does.
# - return nn.Sequential(*layers, nn.Linear(fan_in, 10))  =>  return nn.ModuleList([*layers, nn.Linear(fan_in, 10)])
# There is a BN on the inputs as well. Only what the hidden Linears give out is normalized.
# - layers, fan_in = [], 784  =>  layers, fan_in = [nn.BatchNorm1d(784)] if batchnorm else [], 784
# This BN keeps no running statistics, so evaluation mode would use the test batch. Leave track_running_stats=True.
# - nn.BatchNorm1d(units)  =>  nn.BatchNorm1d(units, track_running_stats=False)
# A BN's size is the number of units that it normalizes: what the Linear before it gives out.
# - nn.BatchNorm1d(units)  =>  nn.BatchNorm1d(fan_in)
# hidden is not used: the network is always 784-32-32-10. Loop over hidden.
# - for units in hidden:  =>  for units in (32, 32):
# batchnorm is not used: the network always has BN.
# - layers, fan_in = [], 784  =>  layers, fan_in, batchnorm = [], 784, True
# - if batchnorm:  =>  if True:
# There is a Linear more than hidden asks for: one for each of its entries, and one for the ten logits.
# - nn.Linear(fan_in, 10)  =>  nn.Linear(fan_in, fan_in), nn.ReLU(), nn.Linear(fan_in, 10)
# A hidden layer is missing: the return stands inside the loop, or the loop ends early or leaves out a part of hidden.
# - for units in hidden  =>  for units in hidden[:-1]
# - for units in hidden  =>  for units in hidden[1:]
# - for units in hidden  =>  for units in hidden[:2]
# - fan_in = units  =>  fan_in = units; break
# The last Linear gives one number. Ten logits are asked for, one for each class.
# - nn.Linear(fan_in, 10)  =>  nn.Linear(fan_in, 1)
# This BN has another eps or momentum than nn.BatchNorm1d's own: leave both out.
# - nn.BatchNorm1d(units)  =>  nn.BatchNorm1d(units, eps=1e-3)
# - nn.BatchNorm1d(units)  =>  nn.BatchNorm1d(units, momentum=0.9)
# - nn.BatchNorm1d(units)  =>  nn.BatchNorm1d(units, momentum=0.01)
# %% mistakes otherwise="without BN"
# If the line above speaks of parameters: the Linears lead from 784 over the entries of hidden, in their order, to 10.
# If of logits: behind each hidden Linear stands one nn.ReLU() and nothing else (no dropout), behind the last nothing.
# - nn.ReLU()  =>  nn.ELU()
# %% mistakes otherwise="without BN, three hidden layers"
# If the line above speaks of parameters: the Linears lead from 784 over the entries of hidden, in their order, to 10.
# If of logits: behind each hidden Linear stands one nn.ReLU() and nothing else (no dropout), behind the last nothing.
# - for units in hidden  =>  for units in hidden[::-1]
# A parameter is frozen (requires_grad is False). All are to be learned.
# - return nn.Sequential(*layers, nn.Linear(fan_in, 10))
# + return nn.Sequential(*layers, nn.Linear(fan_in, 10)).requires_grad_(False)
# %% mistakes otherwise="with BN, three hidden layers"
# Without BN the network is right. With it, each hidden Linear (bias=False) is followed by one nn.BatchNorm1d of its
# size, with its defaults, then the ReLU. Here it is another layer, has options, or stands elsewhere; or something is
# added.
# - nn.BatchNorm1d(units)  =>  nn.BatchNorm1d(units, eps=0.1)
# %% mistakes otherwise="with BN"
# Without BN the network is right. With it, each hidden Linear (bias=False) is followed by one nn.BatchNorm1d of its
# size, with its defaults, then the ReLU. Here it is another layer, has options, or stands elsewhere; or something is
# added.
# - layers.append(nn.BatchNorm1d(units))  =>  layers += [nn.BatchNorm1d(units), nn.Hardtanh()]
# %% mistakes
# The last layer is missing: ten logits must come out, not the last hidden layer.
# - return nn.Sequential(*layers, nn.Linear(fan_in, 10))  =>  return nn.Sequential(*layers)
# Hidden layers have no BN: either batchnorm is not used, or a condition leaves some out. Each has one of its own.
# - if batchnorm:  =>  if False:
# - if batchnorm:  =>  if batchnorm and fan_in == 784:
# - if batchnorm:  =>  if batchnorm and units != hidden[-1]:
# - if batchnorm:  =>  if batchnorm and units == hidden[-1]:
# The shapes do not fit together. It is nn.Linear(inputs, outputs), and a layer's inputs are the outputs of the layer
# before: 784 only for the first. Remember the number of units of the layer before, for the next hidden layer and for
# the last Linear.
# - fan_in = units  =>  pass
# - nn.Linear(fan_in, 10)  =>  nn.Linear(hidden[0], 10)
# - nn.Linear(fan_in, 10)  =>  nn.Linear(32, 10)
# That is a Python list of layers. Put them into a model: nn.Sequential(*layers), with the star.
# - return nn.Sequential(*layers, nn.Linear(fan_in, 10))  =>  return [*layers, nn.Linear(fan_in, 10)]
# nn.Sequential takes the layers one by one, not a list of them: put a star in front of the list,
# nn.Sequential(*layers).
# - return nn.Sequential(*layers, nn.Linear(fan_in, 10))  =>  return nn.Sequential([*layers, nn.Linear(fan_in, 10)])
# Nothing comes back. End the function with return.
# - return nn.Sequential(*layers, nn.Linear(fan_in, 10))  =>  pass
# The normalization has no γ and β: affine=False, or nn.InstanceNorm1d, which comes without. Use nn.BatchNorm1d with its
# defaults.
# - nn.BatchNorm1d(units)  =>  nn.InstanceNorm1d(units)
# - nn.BatchNorm1d(units)  =>  nn.BatchNorm1d(units, affine=False)
# That is layer norm: it averages over the units of one image, not over the images of a batch. Use nn.BatchNorm1d.
# - nn.BatchNorm1d(units)  =>  nn.LayerNorm(units)
# nn.BatchNorm2d is for images with channels, (N, C, H, W). The rows here are (N, units): nn.BatchNorm1d.
# - nn.BatchNorm1d(units)  =>  nn.BatchNorm2d(units)
# The activation is a leaky ReLU, which lets a little of the negative part through. Experiment A uses nn.ReLU().
# - nn.ReLU()  =>  nn.LeakyReLU()
# %% mistake
# One and the same BN object stands behind several layers, so they share γ, β and running statistics. Make a new
# nn.BatchNorm1d for each layer.
def build_mlp(batchnorm, hidden=(32, 32)):
    layers, fan_in, bn = [], 784, nn.BatchNorm1d(hidden[0])
    for units in hidden:
        layers += [nn.Linear(fan_in, units, bias=not batchnorm), *([bn] if batchnorm else []), nn.ReLU()]
        fan_in = units
    return nn.Sequential(*layers, nn.Linear(fan_in, 10))
# %% mistake
# BN comes before the Linear here, so it normalizes the layer's inputs. It belongs behind the Linear: it normalizes z,
# what the Linear gives out.
def build_mlp(batchnorm, hidden=(32, 32)):
    layers, fan_in = [], 784
    for units in hidden:
        if batchnorm:
            layers.append(nn.BatchNorm1d(fan_in))
        layers += [nn.Linear(fan_in, units, bias=not batchnorm), nn.ReLU()]
        fan_in = units
    return nn.Sequential(*layers, nn.Linear(fan_in, 10))

# %% exercise="train_epoch"
# %% right="a loop over slices of the order, running sums"
def train_epoch(model, X, y, optimizer, batch_size, generator):
    model.train()
    N, total_loss, correct = len(X), 0.0, 0
    for idx in torch.randperm(N, generator=generator).to(X.device).split(batch_size):
        xb, yb = X[idx], y[idx]
        optimizer.zero_grad()
        out = model(xb)
        loss = nn.CrossEntropyLoss()(out, yb)
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(idx)
        correct += (out.argmax(1) == yb).sum().item()
    return total_loss / N, correct / N
# %% right="a DataLoader"
def train_epoch(model, X, y, optimizer, batch_size, generator):
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(X, y), batch_size=batch_size, shuffle=True, generator=generator)
    model.train(True)
    losses, hits = [], []
    for xb, yb in loader:
        pred = model(xb)
        each = F.cross_entropy(pred, yb, reduction="none")
        model.zero_grad()
        each.mean().backward()
        optimizer.step()
        losses.append(each.detach())
        hits.append(pred.max(dim=1).indices.eq(yb))
    return [torch.cat(losses).mean(), torch.cat(hits).float().mean()]
# %% right="shuffled copies, slices from i on, log-softmax"
def train_epoch(model, X, y, optimizer, batch_size, generator):
    model.train()
    order = torch.randperm(X.shape[0], generator=generator)
    X, y = X[order], y[order]
    loss_sum, right = torch.zeros(()), 0
    for i in range(0, X.shape[0], batch_size):
        labels = y[i : i + batch_size]
        logp = torch.log_softmax(model(X[i : i + batch_size]), dim=-1)
        loss = -logp[torch.arange(len(labels)), labels].mean()
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = None
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            loss_sum = loss_sum + loss * len(labels)
            right += int((torch.argmax(logp, dim=-1) == labels).sum())
    return float(loss_sum / X.shape[0]), right / X.shape[0]
# %% mistakes of="a loop over slices of the order, running sums"
# Images are drawn with replacement, or anew for each batch: some come twice and some never. An epoch shows each once:
# draw one torch.randperm of all, and cut it into batches.
# - xb, yb = X[idx], y[idx]
# + idx = torch.randperm(N, generator=generator)[:batch_size]
# +         xb, yb = X[idx], y[idx]
# - xb, yb = X[idx], y[idx]
# + idx = torch.randint(N, (batch_size,), generator=generator)
# +         xb, yb = X[idx], y[idx]
# %% mistakes of="shuffled copies, slices from i on, log-softmax"
# The batches are of another size than batch_size. split(n) cuts into pieces of n (chunk(n) into n pieces), and a slice
# x[a:b] ends before b: b is a + batch_size.
# - X[i : i + batch_size]  =>  X[i : i + batch_size - 1]
# & y[i : i + batch_size]  =>  y[i : i + batch_size - 1]
# - X[i : i + batch_size]  =>  X[i:batch_size]
# & y[i : i + batch_size]  =>  y[i:batch_size]
# A batch begins at every image. range(0, N, batch_size) goes on by batch_size.
# - range(0, X.shape[0], batch_size)  =>  range(X.shape[0])
# The same images share a batch in every epoch: either whole batches are shuffled, or images within fixed batches. Draw
# one order of all images, and cut it into batches.
# - order = torch.randperm(X.shape[0], generator=generator)  =>  order = torch.arange(X.shape[0])
# & for i in range(0, X.shape[0], batch_size):
# + for i in order[::batch_size][torch.randperm(-(-len(X) // batch_size), generator=generator)].tolist():
# %% mistakes of="a loop over slices of the order, running sums"
# Few answers count as right: either the images are shuffled and the labels are not, so that images get the labels of
# others (index both with the same order), or argmax() lacks its dim=1.
# - out.argmax(1)  =>  out.argmax()
# item() gives a plain number, from which no backward pass can start. Call backward() on the tensor, item() afterwards.
# - nn.CrossEntropyLoss()(out, yb)  =>  nn.CrossEntropyLoss()(out, yb).item()
# Each batch's share of right answers is added up, and the sum divided by N. Add up how many are right: .sum().
# - (out.argmax(1) == yb).sum().item()  =>  (out.argmax(1) == yb).double().mean().item()
# The largest logit is looked for in another direction. argmax(dim=1) gives one class for each image.
# - out.argmax(1)  =>  out.argmax(0)
# The batches are of another size than batch_size. split(n) cuts into pieces of n (chunk(n) into n pieces), and a slice
# x[a:b] ends before b: b is a + batch_size.
# - split(batch_size)  =>  chunk(batch_size)
# - split(batch_size)  =>  split(batch_size - 1)
# - split(batch_size)  =>  split(batch_size + 1)
# The images are shown twice in one call. An epoch is one pass.
# - .to(X.device).split(batch_size)  =>  .repeat(2).split(batch_size)
# %% mistakes of="a loop over slices of the order, running sums"
# What comes back is a tensor that still carries the graph of every step: it keeps all of them in memory, and NumPy
# refuses it. Take the number out of the loss: loss.item(), or loss.detach().
# - loss.item() * len(idx)  =>  loss * len(idx)
# Each batch's mean loss is multiplied by batch_size; the last batch is shorter. Multiply by the number of its images.
# - loss.item() * len(idx)  =>  loss.item() * batch_size
# Two numbers are asked for, loss and accuracy, as a pair: not a dict.
# - return total_loss / N, correct / N  =>  return {"loss": total_loss / N, "accuracy": correct / N}
# %% mistakes
# The gradients of earlier steps are still there: PyTorch adds the new ones to them. Call optimizer.zero_grad() once per
# batch, before backward().
# - optimizer.zero_grad()  =>  pass
# The weights do not move at all. Either optimizer.step() is not called, or there is no gradient when it is: backward()
# is missing, or zero_grad() comes between the two. The order in each batch: zero_grad, backward, step.
# - optimizer.zero_grad()  =>  pass
# & optimizer.step()  =>  optimizer.zero_grad(); optimizer.step()
# - optimizer.step()  =>  pass
# - loss.backward()  =>  pass
# The images come in the order in which they are stored. Shuffle them with torch.randperm: BN needs batches that look
# like the whole.
# - order = torch.randperm(len(X), generator=generator).to(X.device)  =>  order = torch.arange(len(X))
# Few answers count as right: either the images are shuffled and the labels are not, so that images get the labels of
# others (index both with the same order), or argmax() lacks its dim=1.
# - order = torch.randperm(len(X), generator=generator).to(X.device)
# + X, order = X[torch.randperm(len(X), generator=generator)], torch.arange(len(X))
# The images and the labels are shuffled in two different orders. Draw one order and index both with it.
# - labels = y[order]  =>  labels = y[torch.randperm(len(X), generator=generator)]
# The last, shorter batch is left out: its images are not trained on.
# - (len(X), generator=generator).to(X.device)  =>  (len(X), generator=generator)[: len(X) // batch_size * batch_size]
# generator is not used. The order comes from PyTorch's global random numbers, so that nobody can repeat your run:
# torch.randperm(n, generator=generator).
# - torch.randperm(len(X), generator=generator)  =>  torch.randperm(len(X))
# Every epoch has the same order: the generator is seeded anew in each, or the order does not come from it. Just use the
# generator as it comes: it remembers where it is.
# - torch.randperm(len(X), generator=generator)  =>  torch.randperm(len(X), generator=generator.manual_seed(0))
# The same images share a batch in every epoch: either whole batches are shuffled, or images within fixed batches. Draw
# one order of all images, and cut it into batches.
# - torch.randperm(len(X), generator=generator)
# + torch.cat([b[torch.randperm(len(b), generator=generator)] for b in torch.arange(len(X)).split(batch_size)])
# Images are drawn with replacement, or anew for each batch: some come twice and some never. An epoch shows each once:
# draw one torch.randperm of all, and cut it into batches.
# - torch.randperm(len(X), generator=generator)  =>  torch.randint(len(X), (len(X),), generator=generator)
# The model is trained in evaluation mode: BN uses frozen statistics and never updates them. It came in that mode, so
# call model.train() first.
# - model.train()  =>  pass
# - model.train()  =>  model.eval()
# The loss is a plain mean over batches, in which an image in the short last batch counts more than others. Weigh each
# batch with its number of images.
# - return F.cross_entropy(logits, labels).item()
# + return sum(
# +         F.cross_entropy(a, b) for a, b in zip(logits.split(batch_size), labels.split(batch_size))
# +     ).item() / -(-len(X) // batch_size)
# Loss and accuracy are plain means over batches, in which an image in the short last batch counts more than others.
# Weigh each batch with its number of images.
# - logits.detach()  =>  [loss.item(), (logits.argmax(dim=1) == targets).double().mean().item()]
# & logits = torch.cat(seen)  =>  loss, accuracy = np.mean(seen, axis=0)
# & return F.cross_entropy(logits, labels).item(), (logits.argmax(dim=1) == labels).double().mean().item()
# + return float(loss), float(accuracy)
# The batch losses (each already a mean) are added up and divided by the number of images. Multiply each by the number
# of images in its batch first.
# - F.cross_entropy(logits, labels).item()
# + sum(F.cross_entropy(a, b) for a, b in zip(logits.split(batch_size), labels.split(batch_size))).item() / len(X)
# The loss is a sum over batches. Divide by the number of images in the end.
# - F.cross_entropy(logits, labels).item()  =>  F.cross_entropy(logits, labels, reduction="sum").item()
# That is the number of right answers. The accuracy is their share: divide by the number of images.
# - .double().mean().item()  =>  .double().sum().item()
# The accuracy is in percent. A share between 0 and 1 is asked for.
# - .double().mean().item()  =>  .double().mean().item() * 100
# These are the loss and accuracy of the last batch only. Add up over all batches.
# - logits = torch.cat(seen)  =>  labels = targets
# Loss first, accuracy second, and that is the share of right answers: either the two are exchanged, or it is the share
# of wrong ones.
# - logits.argmax(dim=1) == labels  =>  logits.argmax(dim=1) != labels
# - return F.cross_entropy(logits, labels).item(), (logits.argmax(dim=1) == labels).double().mean().item()
# + return (logits.argmax(dim=1) == labels).double().mean().item(), F.cross_entropy(logits, labels).item()
# Only the loss comes back. Return two numbers: loss, accuracy.
# - (logits, labels).item(), (logits.argmax(dim=1) == labels).double().mean().item()  =>  (logits, labels).item()
# Nothing comes back. End with return loss, accuracy (after the loop, not in it).
# - return F.cross_entropy(logits, labels).item(), (logits.argmax(dim=1) == labels).double().mean().item()  =>  pass
# The function returns after the first batch: the return stands inside the loop. Move it out, to the left.
# - seen.append(logits.detach())  =>  return loss.item(), (logits.argmax(dim=1) == targets).double().mean().item()
# batch_size is not used: the batches are of another size.
# - model.train()  =>  model.train(); batch_size = 32
# F.nll_loss expects log-probabilities. The model ends in logits: F.cross_entropy takes those.
# - loss = F.cross_entropy(logits, targets)  =>  loss = F.nll_loss(logits, targets)
# F.cross_entropy expects logits and applies the softmax itself. Here it gets probabilities, so the softmax is applied
# twice, and learning is slow.
# - loss = F.cross_entropy(logits, targets)  =>  logits = logits.softmax(dim=1); loss = F.cross_entropy(logits, targets)
# Loss and accuracy are measured after the step, on the batch that was just trained on: too good. Measure what the
# forward pass gave, before the step.
# - seen.append(logits.detach())  =>  seen.append(model(x).detach())
# The gradient is that of the batch's summed loss, larger by the batch size. F.cross_entropy's default, the mean, is
# meant: the learning rate then does not depend on the batch size.
# - targets)  =>  targets, reduction="sum")
# The caller's X and y are shuffled in place. Give the shuffled copies to names of your own.
# - labels = y[order]  =>  X[:], y[:], order = X[order], y[order], torch.arange(len(X)); labels = y
# There is one step for the whole epoch. Each batch makes a step of its own: zero_grad, backward, step, all inside the
# loop.
# - optimizer.step()
# + steps = locals().get("steps", 0) + 1; optimizer.step() if steps * batch_size >= len(X) else None
# There is nothing for backward() to follow: the forward pass runs under torch.no_grad(), or autograd was switched off
# before and never on again. no_grad is for evaluation; here autograd must see the model at work.
# - logits = model(x)  =>  logits = model(x).detach()
# Loss and accuracy are measured when the epoch is over, with the final weights. Asked for are those of each batch as it
# came, before its own step: keep them inside the loop.
# - logits = torch.cat(seen)  =>  logits, labels = model.eval()(X), y
# The optimizer that was passed in is not used: a new one is made inside. The caller chooses the optimizer and its
# learning rate, and Adam must keep its averages from epoch to epoch.
# - model.train()  =>  model.train(); optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
# - model.train()  =>  model.train(); optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
# - model.train()  =>  model.train(); optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
# There are two steps for each batch. One: zero_grad, backward, step.
# - optimizer.step()  =>  optimizer.step(); optimizer.step()
# %% mistakes otherwise="one batch with all images, two epochs"
# This is not one step of the given optimizer for the batch's mean cross-entropy. Another loss, another factor, other
# labels (shuffled apart from the images?), more steps, changed gradients or another optimizer make the difference.
# - F.cross_entropy(logits, targets)  =>  F.mse_loss(logits, F.one_hot(targets, logits.shape[1]).to(logits))
# %% mistakes otherwise="three batches of one image, repeated"
# With one batch an epoch the steps are right, with three they are not. zero_grad, backward and step belong inside the
# loop, each once for every batch, the short last one too.
# - optimizer.step()  =>  optimizer.step(); optimizer.param_groups[0]["lr"] *= 0.5 + 0.5 * (len(x) == 6)
# %% mistakes otherwise="loss and accuracy of an epoch"
# Loss: each batch's mean times the number of its images, added up, over N = len(X). Accuracy: right answers over N.
# Both of the logits before the step. Here a weight, a sum or N is another, or something else is measured.
# - return F.cross_entropy(logits, labels).item(),  =>  return F.cross_entropy(logits, labels).item() * 1.1,

# %% exercise="evaluate"
# %% right="all at once, under inference_mode"
@torch.inference_mode()
def evaluate(model, X, y):
    mode = model.training
    try:
        logits = model.eval()(X)
    finally:
        model.train(mode)
    accuracy = (logits.argmax(-1) == y).float().mean()
    return F.cross_entropy(logits, y), accuracy
# %% right="means of slices, weighed, as a list"
def evaluate(model, X, y, size=1000):
    came_training = model.training
    model.eval()
    found = []
    with torch.no_grad():
        for i in range(0, len(X), size):
            logits, labels = model(X[i : i + size]), y[i : i + size]
            loss, accuracy = F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).double().mean().item()
            found.append([loss, accuracy])
    if came_training:
        model.train()
    sizes = [min(size, len(X) - i) for i in range(0, len(X), size)]
    return list(np.average(found, axis=0, weights=sizes))
# %% right="a DataLoader and log-softmax by hand"
@torch.no_grad()
def evaluate(model, X, y):
    from torch.utils.data import DataLoader, TensorDataset

    was = model.training
    model.train(False)
    loss = correct = 0
    for xb, yb in DataLoader(TensorDataset(X, y), batch_size=512):
        z = model(xb)
        loss += (torch.logsumexp(z, dim=1) - z.gather(1, yb[:, None])[:, 0]).sum()
        correct += sum(int(row.argmax()) == int(label) for row, label in zip(z, yb))
    model.train(was)
    return loss.item() / y.numel(), correct / y.numel()
# %% mistakes of="means of slices, weighed, as a list"
# Loss and accuracy are means of batch means, in which the images of the short last batch count more than the others.
# Add up over images, and divide by N once.
# - , weights=sizes  =>
# - , weights=sizes  =>
# & size=1000  =>  size=100
# %% mistakes
# The model is tested in the mode in which it came. In training mode BN normalizes with the test batch and writes it
# into the buffers. Call model.eval() first.
# - model.eval()  =>  pass
# - model.eval()  =>  pass
# & range(0, len(X), 1000)  =>  range(len(X))
# & model(X[i : i + 1000]), y[i : i + 1000]  =>  model(X[i : i + 1]), y[i : i + 1]
# A model that came in training mode is left in evaluation mode. The training that follows would go on with frozen
# statistics. Remember model.training before you call eval(), and put it back: model.train(came_training).
# - model.train(came_training)  =>  pass
# - came_training = model.training  =>  model.eval(); came_training = model.training
# Only the model's own flag is put back; its layers stay in evaluation mode. model.train(mode) passes it on to them.
# - model.train(came_training)  =>  model.training = came_training
# The model is always left in training mode, even if it came in evaluation mode. Remember model.training at the start,
# and put back what it was.
# - model.train(came_training)  =>  model.train()
# Gradients are recorded: it costs time and memory for nothing. model.eval() does not switch that off; torch.no_grad()
# does.
# - torch.no_grad()  =>  torch.enable_grad()
# The loss is a mean of batch means, in which the images of the short last batch count more than the others. Add up over
# images, and divide by N once.
# - , reduction="sum").item()  =>  ).item()
# & return loss / len(X), right / len(X)  =>  return loss / -(-len(X) // 1000), right / len(X)
# The last, short batch is left out. All N images count.
# - range(0, len(X), 1000)  =>  range(0, max(len(X) - 999, 1), 1000)
# - range(0, len(X), 1000)  =>  range(0, len(X) // 1000 * 1000, 1000)
# - range(0, len(X), 1000)  =>  range(0, max(len(X) - 99, 1), 100)
# & X[i : i + 1000]  =>  X[i : i + 100]
# & y[i : i + 1000]  =>  y[i : i + 100]
# Only the first 1,000 images were tested. Go through all of them.
# - range(0, len(X), 1000)  =>  range(0, 1, 1000)
# Each slice's mean is multiplied by a fixed number, but a slice can be shorter. Multiply by the number of its images.
# - , reduction="sum").item()  =>  ).item() * 1000
# This is the sum over the images. Divide the loss by N.
# - return loss / len(X), right / len(X)  =>  return loss, right / len(X)
# The batch losses, each already a mean, are added up and divided by N once more. Use reduction="sum", or weigh each
# with its number of images.
# - , reduction="sum").item()  =>  ).item()
# That is the number of right answers. The accuracy is their share of all N.
# - right / len(X)  =>  right
# The accuracy is in percent. A share between 0 and 1 is asked for.
# - right / len(X)  =>  100 * right / len(X)
# That is the share of wrong answers, the error rate. The accuracy counts the right ones.
# - right / len(X)  =>  1 - right / len(X)
# These are the loss and accuracy of the last batch alone. Add up over all batches.
# - loss += F  =>  loss = F
# & right += (  =>  right = (
# & return loss / len(X), right / len(X)  =>  return loss / len(labels), right / len(labels)
# The loss is first, the accuracy second.
# - return loss / len(X), right / len(X)  =>  return right / len(X), loss / len(X)
# Only the loss comes back. Return two numbers: loss, accuracy.
# - return loss / len(X), right / len(X)  =>  return loss / len(X)
# Only the accuracy comes back. Return two numbers: loss, accuracy.
# - return loss / len(X), right / len(X)  =>  return right / len(X)
# Nothing comes back. End with return loss, accuracy.
# - return loss / len(X), right / len(X)  =>  pass
# F.cross_entropy expects logits and applies the softmax itself. Here it gets probabilities, so the softmax is applied
# twice.
# - F.cross_entropy(logits, labels  =>  F.cross_entropy(logits.softmax(dim=1), labels
# requires_grad was switched off in the parameters, for good: no later step could train them. torch.no_grad() stops the
# recording for a while, and leaves the model as it is.
# - model.eval()  =>  model.eval().requires_grad_(False)
# Autograd is switched off for good: set_grad_enabled(False) outside a `with` holds for all that follows, and the next
# backward() fails. `with torch.no_grad():` switches it on again at its end.
# - model.eval()  =>  model.eval(); torch.set_grad_enabled(False)
# - model.eval()  =>  model.eval(); torch.autograd.grad_mode.no_grad().__enter__()
# F.nll_loss expects log-probabilities. The model ends in logits: F.cross_entropy takes those, and does both steps.
# - F.cross_entropy(  =>  F.nll_loss(
# logits.max(dim=1) gives a pair: the largest logits, and where they are. Which class it is, is where: argmax(dim=1).
# - logits.argmax(dim=1)  =>  logits.max(dim=1)
# Two numbers are asked for, loss and accuracy, as a pair: not a dict.
# - return loss / len(X), right / len(X)  =>  return {"loss": loss / len(X), "accuracy": right / len(X)}
# The largest logit is looked for along the batch (dim=0), which gives one image for each class. Each image's class is
# wanted: dim=1.
# - logits.argmax(dim=1) == labels  =>  logits.argmax(dim=0) == labels
# Either argmax() lacks its dim=1, or the accuracy is cut off by // or int(): a share needs /.
# - logits.argmax(dim=1) == labels  =>  logits.argmax() == labels
# - right / len(X)  =>  right // len(X)
# %% mistakes otherwise="nine images"
# Loss: the sum over the images of the cross-entropy of their logits, over N. Accuracy: how many have their largest
# logit at y, over N. In evaluation mode from the first forward pass on, buffers as they came, images beside their
# labels.
# - return loss / len(X)  =>  return loss / 1000
# %% mistakes otherwise="2,333 images, the last ones hard"
# With nine images this was right, so it is the slices: one is left out, counts alone or ends the loop, the mode changes
# between them, or means of slices are averaged, though the last slice is shorter.
# - loss += F  =>  loss = F

# %% exercise="q_loop_1"
# %% mistakes
# A wrong gradient would make a worse net, but one net still answers each image in one way. Here the answers change with
# the order of the test images, and nothing is trained in between. In which mode is the net when share_right calls it?
# - q_loop_1 = "b"  =>  q_loop_1 = "a"
# Test images do enter the running statistics here. But this net never uses those: it is not in evaluation mode. What
# does it normalize a batch of sixty images with that all show a zero?
# - q_loop_1 = "b"  =>  q_loop_1 = "c"
# net.train() stands at the head of every epoch, so training is always in training mode. Look at what happens after the
# last epoch.
# - q_loop_1 = "b"  =>  q_loop_1 = "d"
# Running statistics that lag would be off by the same amount for every image, in any order. Here the order matters, so
# something is computed from the batch that is tested.
# - q_loop_1 = "b"  =>  q_loop_1 = "e"

# %% exercise="q_loop_2"
# %% mistakes
# In the first epoch the gradient is right: this is nn.BatchNorm1d in training mode, and autograd sees all of it. Follow
# net.train() and net.eval() through two epochs.
# - q_loop_2 = "d"  =>  q_loop_2 = "a"
# net.eval() is called before every test, so the test batch's own statistics are not used. Who calls net.train()
# afterwards?
# - q_loop_2 = "d"  =>  q_loop_2 = "b"
# Test images can enter the running statistics only through a forward pass in training mode. Here every test comes after
# net.eval().
# - q_loop_2 = "d"  =>  q_loop_2 = "c"
# A momentum of 0.1 remembers some tens of batches (unit 05), so a lag would be there in the first epoch too. This
# distance is small at first, then jumps. Is running_mean updated at all after the first epoch?
# - q_loop_2 = "d"  =>  q_loop_2 = "e"

# %% exercise="q_loop_3"
# %% mistakes
# Every test comes after net.eval(), and LeanNorm then uses its running statistics. The symptom shows in training: what
# moves that bias?
# - q_loop_3 = "a"  =>  q_loop_3 = "b"
# The only forward passes in training mode are those of training batches. Besides, wrong running statistics would not
# move a bias: they are not used in training.
# - q_loop_3 = "a"  =>  q_loop_3 = "c"
# net.train() stands at the head of every epoch here, and nn.BatchNorm1d in the same loop is fine. The bug is in the
# layer.
# - q_loop_3 = "a"  =>  q_loop_3 = "d"
# The momentum is nn.BatchNorm1d's. And running statistics play no part in training, where that bias is moved. What does
# autograd know about mean and var?
# - q_loop_3 = "a"  =>  q_loop_3 = "e"

# %% exercise="q_loop_4"
# %% mistakes
# The layer is nn.BatchNorm1d, and no_grad surrounds only the look at the test loss, where nothing is trained. The
# weights are the same with and without that line. What else does a forward pass change?
# - q_loop_4 = "c"  =>  q_loop_4 = "a"
# The test loss is measured that way. The accuracy is not: net.eval() comes before it, so it uses the running
# statistics. Which images are in those?
# - q_loop_4 = "c"  =>  q_loop_4 = "b"
# net.train() stands at the head of every epoch: training is as it should be. Follow the mode between the training
# batches and net.eval().
# - q_loop_4 = "c"  =>  q_loop_4 = "d"
# The momentum is the same with and without the line for the test loss, and the result is not. Under no_grad in training
# mode, what did the cell in section 1 show?
# - q_loop_4 = "c"  =>  q_loop_4 = "e"

# %% exercise="q_credit"
# %% mistakes
# Read the list once more: between Inception and BN-x5, dropout, L2, decay, normalization, shuffling and distortions
# changed too. Any of them may have saved steps.
# - q_credit = "b"  =>  q_credit = "a"
# If both networks have BN, their difference cannot be BN's doing. From BN-Baseline to BN-x5 the learning rate and the
# whole list changed.
# - q_credit = "b"  =>  q_credit = "c"
# There is one row with BN and nothing else: BN-Baseline. The list is of changes made for the rows below it.
# - q_credit = "b"  =>  q_credit = "d"
