# %% exercise="make_vgg11"
# %% right="a class, with functions in forward"
def make_vgg11(batchnorm, width=64):
    class VGG11(nn.Module):
        pooled = 0, 1, 3, 5, 7

        def __init__(self):
            super().__init__()
            channels = [3] + [width * k for k in (1, 2, 4, 4, 8, 8, 8, 8)]
            pairs = list(zip(channels[:-1], channels[1:]))
            self.convs = nn.ModuleList([nn.Conv2d(a, b, 3, padding=1, bias=not batchnorm) for a, b in pairs])
            self.norms = nn.ModuleList([nn.BatchNorm2d(b) if batchnorm else nn.Identity() for _, b in pairs])
            self.last = nn.Linear(8 * width, 10)

        def forward(self, x):
            for k, (conv, norm) in enumerate(zip(self.convs, self.norms)):
                x = F.relu(norm(conv(x)))
                if k in self.pooled:
                    x = F.max_pool2d(x, 2)
            return self.last(x.flatten(1))

    return VGG11()
# %% right="torchvision's way: features, average pooling, classifier"
def make_vgg11(batchnorm, width=64):
    def block(c_in, c_out, pool):
        layers = [nn.Conv2d(c_in, c_out, kernel_size=3, padding="same", bias=not batchnorm)]
        if batchnorm:
            layers += [nn.BatchNorm2d(c_out)]
        layers += [nn.ReLU(inplace=True)]
        if pool:
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        return layers

    w = width
    plan = [(3, w, 1), (w, 2 * w, 1), (2 * w, 4 * w, 0), (4 * w, 4 * w, 1)]
    plan += [(4 * w, 8 * w, 0), (8 * w, 8 * w, 1), (8 * w, 8 * w, 0), (8 * w, 8 * w, 1)]
    net = nn.Sequential()
    net.add_module("features", nn.Sequential(*[layer for row in plan for layer in block(*row)]))
    net.add_module("avgpool", nn.AdaptiveAvgPool2d((1, 1)))
    net.add_module("flatten", nn.Flatten())
    net.add_module("classifier", nn.Linear(512 * width // 64, 10))
    return net
# %% right="lazy layers, as d2l has them"
def make_vgg11(batchnorm, width=64):
    layers = []
    for convolutions, times in ((1, 1), (1, 2), (2, 4), (2, 8), (2, 8)):
        for _ in range(convolutions):
            layers.append(nn.LazyConv2d(times * width, kernel_size=3, padding=1, bias=not batchnorm))
            if batchnorm:
                layers.append(nn.LazyBatchNorm2d())
            layers.append(nn.ReLU())
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(10))
# %% mistakes
# The convolutions in front of a BN still have a bias. BN subtracts it again with the mean; β does its work. Pass
# bias=not batchnorm.
# - , bias=not batchnorm  =>
# - bias=not batchnorm  =>  bias=not batchnorm or c_in == 3
# The plain network's convolutions have lost their biases. Only a convolution in front of a BN can do without: bias=not
# batchnorm.
# - bias=not batchnorm  =>  bias=False
# BN is not where it belongs. It normalizes the convolution's output, before ReLU and pooling.
# - layers.append(nn.Conv2d(c_in, c_out, 3, padding=1, bias=not batchnorm))
# + layers += [nn.BatchNorm2d(c_in)] if batchnorm else []
# & layers.append(nn.BatchNorm2d(c_out))  =>  pass
# & layers.append(nn.ReLU())  =>  layers += [nn.Conv2d(c_in, c_out, 3, padding=1, bias=not batchnorm), nn.ReLU()]
# - layers.append(nn.BatchNorm2d(c_out))
# + layers += [nn.MaxPool2d(2)] * (sum(isinstance(a, nn.Conv2d) for a in layers) in (1, 2, 4, 6, 8))
# +             layers += [nn.BatchNorm2d(c_out)]
# & layers.append(nn.MaxPool2d(2))  =>  layers += [] if batchnorm else [nn.MaxPool2d(2)]
# - layers.append(nn.BatchNorm2d(c_out))  =>  layers += [nn.ReLU(), nn.BatchNorm2d(c_out)]
# & layers.append(nn.ReLU())  =>  layers += [] if batchnorm else [nn.ReLU()]
# There is a BN in front of or behind the Linear. Only convolutions are normalized.
# - nn.Flatten(),  =>  nn.Flatten(), *([nn.BatchNorm1d(c_in)] if batchnorm else []),
# - nn.Linear(c_in, 10))  =>  nn.Linear(c_in, 10), *([nn.BatchNorm1d(10)] if batchnorm else []))
# BN does not stand where batchnorm says: with it behind each convolution, without it nowhere. Is it asked, each time,
# and the right way round?
# - if batchnorm:  =>  if batchnorm and c_in == 3:
# - if batchnorm:  =>  if batchnorm and c_in > 3:
# - if batchnorm:  =>  if False:
# - layers, c_in = [], 3  =>  layers, c_in, batchnorm = [], 3, True
# - layers, c_in = [], 3  =>  layers, c_in, batchnorm = [], 3, not batchnorm
# The convolutions are not eight, of 1, 2, 4, 4, 8, 8, 8, 8 times width channels each (64 is only its default).
# - (1, "M", 2, "M",  =>  (1, 1, "M", 2, 2, "M",
# - 4, 4, "M", 8, 8, "M", 8, 8, "M"  =>  4, "M", 8, "M", 8, "M"
# - nn.MaxPool2d(2)  =>  nn.Conv2d(c_in, c_in, 3, 2, 1)
# - times * width  =>  times * 64
# - 8, 8, "M"):  =>  16, 16, "M"):
# - 4, 4, "M", 8, 8, "M", 8, 8, "M"  =>  4, 8, "M", 8, 8, "M", 8, 8, "M"
# The last max pooling is missing: one more after number 8, from 2×2 to 1×1.
# - 8, 8, "M"):  =>  8, 8):
# & nn.Linear(c_in, 10)  =>  nn.Linear(c_in * 4, 10)
# That is average pooling. VGG takes the maximum of each 2×2 square.
# - nn.MaxPool2d(2)  =>  nn.AvgPool2d(2)
# - 8, 8, "M"):  =>  8, 8):
# & nn.Flatten()  =>  nn.AdaptiveAvgPool2d(1), nn.Flatten()
# ReLUs are missing. Each convolution has one, with BN or without, also where no pooling follows: is the append
# indented under an if?
# - layers.append(nn.MaxPool2d(2))  =>  layers += [nn.ReLU(), nn.MaxPool2d(2)]
# & layers.append(nn.ReLU())  =>  pass
# - layers.append(nn.ReLU())  =>  pass
# - layers.append(nn.ReLU())  =>  layers += [nn.ReLU()] if batchnorm else []
# A softmax follows the Linear. The network ends in logits; F.cross_entropy applies the softmax itself.
# - nn.Linear(c_in, 10))  =>  nn.Linear(c_in, 10), nn.Softmax(dim=1))
# - nn.Linear(c_in, 10))  =>  nn.Linear(c_in, 10), nn.LogSoftmax(dim=1))
# A ReLU follows the Linear, so that no logit can be negative. The logits are its output as it is.
# - nn.Linear(c_in, 10))  =>  nn.Linear(c_in, 10), nn.ReLU())
# The Linear has no bias. No BN follows it, so its bias is not redundant.
# - nn.Linear(c_in, 10)  =>  nn.Linear(c_in, 10, bias=False)
# Without padding each convolution loses two rows and two columns, and soon nothing is left. Pass padding=1.
# - 3, padding=1,  =>  3,
# The Linear does not get what it expects, (N, 8·width). Is nn.Flatten() (or flatten(1)) in front of it? Do the maps
# shrink to 1×1, by five poolings? Was it made for 8·width numbers?
# - nn.Flatten(), nn.Linear  =>  nn.Linear
# - nn.Linear(c_in, 10)  =>  nn.Linear(512, 10)
# - nn.Linear(c_in, 10)  =>  nn.Linear(512 * width, 10)
# - nn.Linear(c_in, 10)  =>  nn.Linear(4 * c_in, 10)
# - (1, "M", 2,  =>  (1, 2,
# - nn.Flatten()  =>  nn.Flatten(0)
# A convolution expects another number of channels than it gets. The first one gets 3; then it is the output channels of
# the one before: remember them at the end of the loop.
# - c_in = c_out  =>  pass
# - layers, c_in = [], 3  =>  layers, c_in = [], 1
# The activation is another one than ReLU. VGG takes nn.ReLU().
# - nn.ReLU()  =>  nn.Sigmoid()
# - nn.ReLU()  =>  nn.LeakyReLU()
# Something else than BN, ReLU and max pooling of 2×2 stands there: another pooling (3×3?), another activation function,
# or a norm that takes each image by itself.
# - nn.MaxPool2d(2)  =>  nn.MaxPool2d(3, 2, 1)
# - nn.ReLU()  =>  nn.LeakyReLU(0.2)
# - nn.BatchNorm2d(c_out)  =>  nn.InstanceNorm2d(c_out, affine=True)
# - nn.BatchNorm2d(c_out)  =>  nn.GroupNorm(1, c_out)
# An nn.ModuleList keeps layers and cannot be called. nn.Sequential(*layers, …) can.
# - nn.Sequential(*layers, nn.Flatten(), nn.Linear(c_in, 10))  =>  nn.ModuleList([*layers, nn.Linear(c_in, 10)])
# The last convolution has no ReLU. Only the Linear gives logits; each of the eight convolutions is followed by a ReLU.
# - return nn.Sequential(*layers,  =>  layers.pop(-2); return nn.Sequential(*layers,
# There are several dense layers. ImageNet's VGG has three; for 32×32 pixels one nn.Linear is enough.
# - nn.Linear(c_in, 10)  =>  nn.Linear(c_in, c_in), nn.ReLU(), nn.Linear(c_in, c_in), nn.ReLU(), nn.Linear(c_in, 10)
# The initial weights are not PyTorch's. Leave them as they come: "He" is a rival of its own, in section 7.
# - return  =>  [nn.init.kaiming_normal_(a.weight) for a in layers if isinstance(a, nn.Conv2d)]; return
# nn.ReLU is a class, not yet a layer. Make one: nn.ReLU().
# - nn.ReLU()  =>  nn.ReLU
# The third pooling comes too early. Poolings follow convolutions 1, 2, 4, 6 and 8: from the third on there are two
# between them.
# - 4, 4, "M", 8, 8, "M", 8, 8, "M"  =>  4, "M", 4, 8, "M", 8, 8, "M", 8
# nn.BatchNorm1d is for (N, D). Maps are (N, C, H, W): nn.BatchNorm2d.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm1d(c_out)
# A BN gets another number of channels than it was made for. It normalizes what comes out of its convolution.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_in)
# This BN has neither γ nor β (affine=False). Let it learn them: that is the default.
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, affine=False)
# The settings are not those of nn.BatchNorm2d as it comes (eps 1e-5, momentum 0.1, track_running_stats=True).
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, eps=1e-3)
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, momentum=0.9)
# - nn.BatchNorm2d(c_out)  =>  nn.BatchNorm2d(c_out, track_running_stats=False)
# The network comes in evaluation mode, in which BN uses statistics that have seen no data yet. New modules are in
# training mode: leave it so.
# - nn.Linear(c_in, 10))  =>  nn.Linear(c_in, 10)).eval()
# A Python list or tuple of layers is no module, and hides them from PyTorch. Make one: nn.Sequential(*layers, …), with
# the star, or an nn.ModuleList.
# - nn.Sequential(*layers, nn.Flatten(), nn.Linear(c_in, 10))  =>  [*layers, nn.Flatten(), nn.Linear(c_in, 10)]
# - nn.Sequential(*layers, nn.Flatten(), nn.Linear(c_in, 10))  =>  nn.Sequential(*layers), nn.Linear(c_in, 10)
# nn.Sequential takes the layers one by one, not in a list: put a star before the list, nn.Sequential(*layers, …).
# - (*layers, nn.Flatten(), nn.Linear(c_in, 10))  =>  ([*layers, nn.Flatten(), nn.Linear(c_in, 10)])
# Nothing comes back. End the function with return.
# - return nn.Sequential  =>  nn.Sequential
# The maps do not shrink from 32×32 to 1×1. Look at the padding (1), and at the poolings: five, of 2×2, stride 2.
# - padding=1  =>  padding=2
# - nn.MaxPool2d(2)  =>  nn.MaxPool2d(2, stride=1)
# - for times in (1,  =>  for times in ("M", 1,
# - 4, 4, "M", 8, 8, "M", 8, 8, "M"  =>  4, "M", 4, "M", 8, "M", 8, "M", 8, "M", 8, "M"
# One and the same layer stands in several places, so that they share its numbers. Make a new one for each.
# - return  =>  k = 4 if batchnorm else 3; layers[-k] = layers[1 - 2 * k]; return
# Something is random, such as dropout. There is none here.
# - nn.Flatten(),  =>  nn.Flatten(), nn.Dropout(),
# %% mistakes of="a class, with functions in forward"
# A Python list or tuple of layers is no module, and hides them from PyTorch. Make one: nn.Sequential(*layers, …), with
# the star, or an nn.ModuleList.
# - self.convs = nn.ModuleList([  =>  self.convs = list([
# - self.norms = nn.ModuleList([  =>  self.norms = list([

# %% exercise="count_parameters"
# %% right="down the tree, child by child"
def count_parameters(model):
    numbers = lambda module: sum(int(np.prod(p.shape)) for p in module.parameters() if p.requires_grad)

    def in_norms(module):
        found = 0
        for child in module.children():
            norm = isinstance(child, nn.BatchNorm1d) or isinstance(child, nn.BatchNorm2d)
            found += numbers(child) if norm else in_norms(child)
        return found

    return [numbers(model), in_norms(model)]
# %% right="γ and β by name"
def count_parameters(model):
    trained = lambda p: p.nelement() if p is not None and p.requires_grad else 0
    in_bn = 0
    for name, layer in model.named_modules():
        if type(layer) in (nn.BatchNorm2d, nn.BatchNorm1d):
            in_bn += trained(layer.weight) + trained(layer.bias)
    return sum(map(trained, model.parameters())), in_bn
# %% mistakes
# These are the tensors, not the numbers in them. A tensor p holds p.numel() numbers.
# - sum(p.numel() for p in model.parameters() if p.requires_grad)  =>  len(list(model.parameters()))
# - sum(p.numel() for p in model.parameters()  =>  sum(1 for p in model.parameters()
# & sum(p.numel() for bn  =>  sum(1 for bn
# Buffers are counted too: the running statistics, which state_dict() holds as well. They are not trained; take
# parameters().
# - model.parameters() if p.requires_grad  =>  model.state_dict().values()
# - total = sum(  =>  total = sum(b.numel() for b in model.buffers()) + sum(
# A frozen parameter is counted in the total. It is not trained: look at p.requires_grad.
# - for p in model.parameters() if p.requires_grad)  =>  for p in model.parameters())
# Some numbers are counted twice or more: a container's parameters() holds those of its layers. For the total, ask the
# model alone.
# - p in model.parameters()  =>  m in model.modules() for p in m.parameters()
# A tensor that two layers share is counted twice: their numbers are trained once. model.parameters() gives it once.
# - for p in model.parameters() if p.requires_grad)
# + for m in model.modules() for p in m.parameters(recurse=False) if p.requires_grad)
# Only the outermost layers are looked at, so a layer inside another container is missed. modules() goes down to every
# depth; children() and a plain loop do not.
# - for m in model.modules()  =>  for m in model.children()
# Of γ and β only one is counted in each BN layer (or a set keeps their equal sizes once). Both are trained.
# - for p in bn.parameters() if p.requires_grad)  =>  for p in [bn.weight] if p.requires_grad)
# - for p in bn.parameters() if p.requires_grad)  =>  for p in [bn.bias] if p.requires_grad)
# Only one kind of BN is counted. There are two: nn.BatchNorm1d of the dense part, and nn.BatchNorm2d of the maps.
# - (nn.BatchNorm1d, nn.BatchNorm2d)  =>  nn.BatchNorm2d
# - (nn.BatchNorm1d, nn.BatchNorm2d)  =>  nn.BatchNorm1d
# No BN is found. A name does not tell: in an nn.Sequential layers have numbers for names. Ask for the layer's type,
# with isinstance.
# - sum(p.numel() for bn in norms for p in bn.parameters() if p.requires_grad)
# + sum(p.numel() for name, p in model.named_parameters() if "bn" in name or "norm" in name)
# This takes every layer for a BN: type(m) == A or B is true for each m, since B alone is. Ask isinstance(m, (A, B)).
# - isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))  =>  type(m) == nn.BatchNorm1d or nn.BatchNorm2d
# Only the first axis is counted: len(p) or p.shape[0]. All numbers of a tensor are p.numel().
# - sum(p.numel() for p in model.parameters()  =>  sum(len(p) for p in model.parameters()
# The BN layers are left out of the total, or in it twice. It is all trained numbers once, theirs among them.
# - return total, in_bn  =>  return total + in_bn, in_bn
# - return total, in_bn  =>  return total - in_bn, in_bn
# These are all numbers in front of or beside the BN, not those in it. Count the parameters of the BN layers themselves.
# - return total, in_bn  =>  return total, total - in_bn
# The total comes first, then the part in BN.
# - return total, in_bn  =>  return in_bn, total
# Only one number comes back. Return two: total, in_bn.
# - return total, in_bn  =>  return total
# Not every p has two axes, p.size() is a shape, and a layer has no numel(). Add up p.numel() of the parameters.
# - sum(p.numel() for p in model.parameters()  =>  sum(p.shape[0] * p.shape[1] for p in model.parameters()
# - sum(p.numel() for bn in norms for p in bn.parameters() if p.requires_grad)  =>  sum(bn.numel() for bn in norms)
# - sum(p.numel() for p in model.parameters()  =>  sum(p.size() for p in model.parameters()
# Return two numbers, total, in_bn: no dict, and not nothing.
# - return total, in_bn  =>  return {"total": total, "in_bn": in_bn}
# - return total, in_bn  =>  pass
# The number of BN layers is counted. How many numbers do they hold?
# - sum(p.numel() for bn in norms for p in bn.parameters() if p.requires_grad)  =>  len(norms)
# The running statistics are counted with γ and β. They are buffers: an optimizer never sees them.
# - for p in bn.parameters() if p.requires_grad)  =>  for p in bn.state_dict().values() if p.ndim)
# - for p in bn.parameters() if p.requires_grad)  =>  for p in bn.state_dict().values())
# Everything with one axis is counted as BN: the biases of other layers are among it. Ask for the layer's type, with
# isinstance.
# - sum(p.numel() for bn in norms for p in bn.parameters() if p.requires_grad)
# + sum(p.numel() for p in model.parameters() if p.requires_grad and p.ndim == 1)
# The running statistics are counted instead of γ and β. They are buffers: an optimizer never sees them.
# - for p in bn.parameters() if p.requires_grad)  =>  for p in bn.buffers())
# That is a share, not how many numbers they are.
# - return total, in_bn  =>  return total, in_bn / total
# - return total, in_bn  =>  return total, 100 * in_bn / total
# One BN layer alone is counted, or one parameter. Is the return inside the loop, or does = stand for +=?
# - for bn in norms  =>  for bn in norms[:1]
# - for bn in norms  =>  for bn in norms[-1:]
# - sum(p.numel() for bn in norms for p in bn.parameters() if p.requires_grad)
# + [p.numel() for bn in norms for p in bn.parameters() if p.requires_grad][-1]
# Only layers of some types are counted in the total. It is everything that is trained: all of model.parameters().
# - for p in model.parameters() if p.requires_grad)
# + for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear)) for p in m.parameters() if p.requires_grad)
# Biases, or all tensors with one axis, are left out of the total. They are trained too.
# - for p in model.parameters() if p.requires_grad)
# + for name, p in model.named_parameters() if "weight" in name and p.requires_grad)
# - for p in model.parameters() if p.requires_grad)  =>  for p in model.parameters() if p.requires_grad and p.ndim > 1)
# A set keeps equal numbers once: two tensors of the same size are counted as one. Take a list, or sum as you go.
# - sum(p.numel() for p in model.parameters() if p.requires_grad)
# + sum({p.numel() for p in model.parameters() if p.requires_grad})
# Nothing is counted: p.grad is None before the first backward pass, and what state_dict() holds is not trained. Ask
# those of parameters() for p.requires_grad.
# - for p in model.parameters() if p.requires_grad)  =>  for p in model.parameters() if p.grad is not None)
# The frozen ones are counted, and the others are not: the condition is the wrong way round.
# - for p in model.parameters() if p.requires_grad)  =>  for p in model.parameters() if not p.requires_grad)
# These are bytes. A tensor p holds p.numel() numbers.
# - sum(p.numel() for p in model.parameters()  =>  sum(p.numel() * p.element_size() for p in model.parameters()
# A LayerNorm is counted as BN. BN is nn.BatchNorm1d and nn.BatchNorm2d alone.
# - isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))  =>  "Norm" in type(m).__name__
# A frozen γ or β is counted, or its layer is left out. Ask each parameter p itself for p.requires_grad.
# - isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
# + isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)) and all(p.requires_grad for p in m.parameters())]
# - for p in bn.parameters() if p.requires_grad)  =>  for p in bn.parameters())
# - sum(p.numel() for bn in norms for p in bn.parameters() if p.requires_grad)
# + sum(2 * bn.num_features for bn in norms)

# %% exercise="basic_block"
# %% right="torchvision's names, Identity where there is nothing"
class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride=1, batchnorm=True):
        super().__init__()
        norm = nn.BatchNorm2d if batchnorm else nn.Identity
        self.conv1 = nn.Conv2d(c_in, c_out, kernel_size=3, stride=stride, padding=1, bias=not batchnorm)
        self.bn1 = norm(c_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(c_out, c_out, kernel_size=3, padding=1, bias=not batchnorm)
        self.bn2 = norm(c_out)
        self.downsample = None
        if stride != 1 or c_in != c_out:
            shortcut = nn.Conv2d(c_in, c_out, kernel_size=1, stride=stride, bias=not batchnorm)
            self.downsample = nn.Sequential(shortcut, norm(c_out))

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)
# %% right="the shortcut first, its pixels picked out before a 1×1 convolution"
class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride=1, batchnorm=True):
        super().__init__()
        bias = not batchnorm
        self.stride, self.changes = stride, (stride, c_in) != (1, c_out)
        self.layers = nn.ModuleDict({
            "first": nn.Conv2d(c_in, c_out, (3, 3), (stride, stride), (1, 1), bias=bias),
            "second": nn.Conv2d(c_out, c_out, (3, 3), (1, 1), "same", bias=bias),
        })
        if self.changes:
            self.layers["third"] = nn.Conv2d(c_in, c_out, (1, 1), bias=bias)
        self.norms = nn.ModuleDict({name: nn.BatchNorm2d(c_out) for name in self.layers} if batchnorm else {})

    def apply_layer(self, name, x):
        x = self.layers[name](x)
        return self.norms[name](x) if name in self.norms else x

    def forward(self, x):
        shortcut = self.apply_layer("third", x[:, :, :: self.stride, :: self.stride]) if self.changes else x
        branch = self.apply_layer("first", x).clamp(min=0)
        return torch.relu(shortcut + self.apply_layer("second", branch))
# %% right="lazy layers"
class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride=1, batchnorm=True):
        super().__init__()
        norm = nn.LazyBatchNorm2d if batchnorm else nn.Identity
        self.first = nn.LazyConv2d(c_out, 3, stride, 1, bias=not batchnorm)
        self.second = nn.LazyConv2d(c_out, 3, 1, 1, bias=not batchnorm)
        self.third = nn.LazyConv2d(c_out, 1, stride, bias=not batchnorm) if (stride, c_in) != (1, c_out) else None
        self.norms = nn.ModuleList([norm() for _ in range(2 if self.third is None else 3)])

    def forward(self, x):
        branch = self.norms[1](self.second(F.relu(self.norms[0](self.first(x)))))
        return F.relu(branch + (x if self.third is None else self.norms[2](self.third(x))))
# %% mistakes
# A convolution in front of a BN has a bias. BN subtracts it with the mean: pass bias=not batchnorm to each.
# - , bias=not batchnorm  =>
# - conv(c_in, 1, stride)  =>  [nn.Conv2d(c_in, c_out, 1, stride), *conv(c_in, 1, stride)[1:]]
# - *conv(c_out, 3)  =>  nn.Conv2d(c_out, c_out, 3, padding=1), *conv(c_out, 3)[1:]
# - *conv(c_in, 3, stride)  =>  nn.Conv2d(c_in, c_out, 3, stride, 1), *conv(c_in, 3, stride)[1:]
# Without BN a convolution has no bias here. Only one in front of a BN can do without: bias=not batchnorm.
# - bias=not batchnorm  =>  bias=False
# - conv(c_in, 1, stride)  =>  [nn.Conv2d(c_in, c_out, 1, stride, bias=False), *conv(c_in, 1, stride)[1:]]
# A ReLU closes the branch, before the sum. Then the branch can only add, never take away. The ReLU comes after the sum.
# - nn.ReLU(), *conv(c_out, 3))  =>  nn.ReLU(), *conv(c_out, 3), nn.ReLU())
# The ReLU after the sum is missing: negative values come out.
# - return F.relu(self.branch(x) + self.shortcut(x))  =>  return self.branch(x) + self.shortcut(x)
# The ReLU is taken of the branch alone, then the shortcut is added. It is ReLU(branch + shortcut).
# - F.relu(self.branch(x) + self.shortcut(x))  =>  F.relu(self.branch(x)) + self.shortcut(x)
# The shortcut is not added, or not what it should be: a 1×1 convolution without padding where x does not fit.
# - conv(c_in, 1, stride)))  =>  conv(c_in, 3, stride)))
# - conv(c_in, 1, stride)))
# + [nn.Conv2d(c_in, c_out, 1, stride, 1, bias=not batchnorm), *conv(c_in, 1, stride)[1:]]))
# - self.branch(x) + self.shortcut(x)  =>  self.branch(x)
# x itself is added where its shape does not fit. Wherever the stride is not 1, or the number of channels changes, the
# shortcut is a 1×1 convolution with the same stride: either reason is enough.
# - self.branch(x) + self.shortcut(x)  =>  self.branch(x) + x
# - fits = stride == 1 and c_in == c_out  =>  fits = c_in == c_out and stride in (1, 2)
# - fits = stride == 1 and c_in == c_out  =>  fits = stride == 1
# There is a convolution too many. Where x fits, the shortcut has none: x itself is added.
# - fits = stride == 1 and c_in == c_out  =>  fits = False
# The shortcut's convolution has no BN. A BN of its own follows, before the sum.
# - conv(c_in, 1, stride)))  =>  conv(c_in, 1, stride)[:1]))
# - conv(c_in, 1, stride)  =>  [nn.Conv2d(c_in, c_out, 1, stride)]
# The shortcut's convolution has not the branch's stride, so that their maps differ in size.
# - conv(c_in, 1, stride)))  =>  conv(c_in, 1)))
# - conv(c_in, 1, stride)))  =>  conv(c_in, 1, 2)))
# There is a ReLU in the shortcut. It has none: it should carry negative values too.
# - self.shortcut(x))  =>  F.relu(self.shortcut(x)))
# - conv(c_in, 1, stride)))  =>  [*conv(c_in, 1, stride), nn.ReLU()]))
# The stride is not used in the branch: its maps keep their size.
# - *conv(c_in, 3, stride), nn.ReLU()  =>  *conv(c_in, 3), nn.ReLU()
# The branch's last convolution has no BN, before the sum. Only the ReLU waits until after the sum.
# - nn.ReLU(), *conv(c_out, 3))  =>  nn.ReLU(), *conv(c_out, 3)[:1])
# - nn.ReLU(), *conv(c_out, 3))  =>  nn.ReLU(), *conv(c_out, 3)[:1]); self.bn = nn.Sequential(*conv(c_out, 3)[1:])
# & self.branch(x) + self.shortcut(x)  =>  self.bn(self.branch(x) + self.shortcut(x))
# There is no ReLU between two convolutions of the branch.
# - nn.ReLU(), *conv(c_out, 3))  =>  *conv(c_out, 3))
# The order is convolution, BN, ReLU, without a ReLU after the last: here it is another.
# - self.branch = nn.Sequential(*conv(c_in, 3, stride), nn.ReLU(), *conv(c_out, 3))
# + n = (lambda c: [nn.BatchNorm2d(c), nn.ReLU()]) if batchnorm else (lambda c: [nn.ReLU()])
# +         self.branch = nn.Sequential(*n(c_in), conv(c_in, 3, stride)[0], *n(c_out), conv(c_out, 3)[0])
# - conv(c_in, 3, stride), nn.ReLU()  =>  conv(c_in, 3, stride)[:1], nn.ReLU(), *conv(c_in, 3, stride)[1:]
# BN does not stand where batchnorm says: with it behind each convolution, without it nowhere. Is it asked, each time,
# and the right way round?
# - super().__init__()  =>  super().__init__(); batchnorm = True
# - conv(c_in, 1, stride)  =>  [nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out)]
# - super().__init__()  =>  super().__init__(); batchnorm = False
# Branch and shortcut each get a ReLU, then they are added. It is ReLU(branch + shortcut): one ReLU, of the sum.
# - F.relu(self.branch(x) + self.shortcut(x))  =>  F.relu(self.branch(x)) + F.relu(self.shortcut(x))
# A Python list or tuple of layers is no module, and hides them from PyTorch. Make one: nn.Sequential(*layers, …), with
# the star, or an nn.ModuleList.
# - self.branch = nn.Sequential(*conv(c_in, 3, stride), nn.ReLU(), *conv(c_out, 3))
# + self.branch = [*conv(c_in, 3, stride), nn.ReLU(), *conv(c_out, 3)]
# forward returns nothing (None). Is its return missing?
# - return F.relu(self.branch(x) + self.shortcut(x))  =>  F.relu(self.branch(x) + self.shortcut(x))
# The block writes into its own input: with x += …, or with out += … after out = self.shortcut(x), which may be x
# itself. Write a + b, which makes a new tensor.
# - return F.relu(self.branch(x) + self.shortcut(x))  =>  x += self.branch(x); return F.relu(x)
# - return F.relu(self.branch(x) + self.shortcut(x))
# + out = self.shortcut(x); out += self.branch(x); return F.relu(out)
# self.shortcut is None where x fits, and forward calls it. An nn.Sequential() with nothing in it gives back what it
# gets.
# - nn.Sequential(*([] if fits else conv(c_in, 1, stride)))  =>  None if fits else nn.Sequential(*conv(c_in, 1, stride))
# A BN gets another number of channels than it was made for. It normalizes what comes out of its convolution.
# - nn.BatchNorm2d(c_out)]  =>  nn.BatchNorm2d(inputs)]
# - *conv(c_in, 3, stride)  =>  conv(c_in, 3, stride)[0], *([nn.BatchNorm2d(c_in)] if batchnorm else [])
# nn.ReLU is a class: nn.ReLU(x) makes a layer and computes nothing. Take F.relu(x), or nn.ReLU()(x).
# - F.relu(self.branch(x) + self.shortcut(x))  =>  nn.ReLU(self.branch(x) + self.shortcut(x))
# The 3×3 convolutions have no padding, so each takes two rows and two columns off its map, until nothing is left, or
# nothing that the shortcut fits. Pass padding=1.
# - padding=kernel // 2  =>  padding=0
# - nn.ReLU(), *conv(c_out, 3))  =>  nn.ReLU(), nn.Conv2d(c_out, c_out, 3, bias=not batchnorm), *conv(c_out, 3)[1:])
# - *conv(c_in, 3, stride)  =>  nn.Conv2d(c_in, c_out, 3, stride, bias=not batchnorm), *conv(c_in, 3, stride)[1:]
# The channels do not fit. The first convolution goes from c_in to c_out, the second (another one) from c_out to c_out,
# and the shortcut's, which gets x, from c_in to c_out.
# - nn.ReLU(), *conv(c_out, 3))  =>  nn.ReLU(), *conv(c_in, 3))
# - *conv(c_in, 3, stride), nn.ReLU(), *conv(c_out, 3))
# + nn.Conv2d(c_in, c_in, 3, stride, 1, bias=not batchnorm), *([nn.BatchNorm2d(c_in)] if batchnorm else []), nn.ReLU(),
# +             *conv(c_in, 3))
# One and the same layer stands in several places, so that they share its numbers. Make a new one for each.
# - super().__init__()  =>  super().__init__(); bn = nn.BatchNorm2d(c_out)
# & return [layer, nn.BatchNorm2d(c_out)]  =>  return [layer, bn]
# The stride is on both convolutions of the branch, or on the second alone. It belongs to the first.
# - nn.ReLU(), *conv(c_out, 3))  =>  nn.ReLU(), *conv(c_out, 3, stride))
# - conv(c_in, 3, stride), nn.ReLU(), *conv(c_out, 3))  =>  conv(c_in, 3), nn.ReLU(), *conv(c_out, 3, stride))
# There are layers that forward does not use, with parameters that nothing trains.
# - super().__init__()  =>  super().__init__(); self.spare = nn.Conv2d(c_in, c_out, 1, bias=not batchnorm)
# The branch is taken away from the shortcut, or multiplied: it is added.
# - self.branch(x) + self.shortcut(x)  =>  self.branch(x) - self.shortcut(x)
# - self.branch(x) + self.shortcut(x)  =>  self.branch(x) * self.shortcut(x)
# What comes out is not ReLU(branch + shortcut). Is it the shortcut of x itself, unchanged, added once,
# without a weight? Have all BNs γ and β? Is the last function a ReLU?
# - self.branch(x) + self.shortcut(x)  =>  0.5 * self.branch(x) + self.shortcut(x)
# Something is random, such as dropout. There is none here.
# - self.branch(x) + self.shortcut(x)  =>  F.dropout(self.branch(x), 0.1) + self.shortcut(x)
# %% mistakes hidden=true
# The shortcut is cut out of the graph (detach, or no_grad): no gradient flows back through it. That path is what makes
# deep residual networks trainable.
# - self.shortcut(x))  =>  self.shortcut(x.detach()))

# %% exercise="bottleneck"
# %% right="torchvision's names, Identity where there is nothing"
class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, c_in, width, stride=1, batchnorm=True, zero_gamma=False):
        super().__init__()
        norm = nn.BatchNorm2d if batchnorm else (lambda channels: nn.Identity())
        c_out = width * self.expansion
        self.conv1 = nn.Conv2d(c_in, width, kernel_size=1, bias=not batchnorm)
        self.bn1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, kernel_size=3, stride=stride, padding=1, bias=not batchnorm)
        self.bn2 = norm(width)
        self.conv3 = nn.Conv2d(width, c_out, kernel_size=1, bias=not batchnorm)
        self.bn3 = norm(c_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or c_in != c_out:
            self.downsample = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=not batchnorm), norm(c_out))
        if zero_gamma and isinstance(self.bn3, nn.BatchNorm2d):
            nn.init.constant_(self.bn3.weight, 0)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)
# %% right="the layers in a loop, γ by its data"
class Bottleneck(nn.Module):
    def __init__(self, c_in, width, stride=1, batchnorm=True, zero_gamma=False):
        super().__init__()
        plan = [(c_in, width, 1, 1), (width, width, 3, stride), (width, 4 * width, 1, 1)]
        if stride > 1 or c_in != 4 * width:
            plan.append((c_in, 4 * width, 1, stride))
        self.convs, self.bns = nn.ModuleList(), nn.ModuleList()
        for inputs, outputs, size, step in plan:
            self.convs.append(nn.Conv2d(inputs, outputs, size, step, (size - 1) // 2, bias=not batchnorm))
            self.bns.append(nn.BatchNorm2d(outputs) if batchnorm else nn.Sequential())
        if batchnorm and zero_gamma:
            self.bns[2].weight.data.fill_(0.0)

    def forward(self, x):
        a = x
        for k in range(3):
            a = self.bns[k](self.convs[k](a))
            if k < 2:
                a = torch.maximum(a, torch.zeros_like(a))
        if len(self.convs) == 4:
            x = self.bns[3](self.convs[3](x))
        return (a + x).relu()
# %% mistakes
# A convolution in front of a BN has a bias. BN subtracts it with the mean: pass bias=not batchnorm to each.
# - , bias=not batchnorm  =>
# - conv(c_in, c_out, 1, stride)  =>  [nn.Conv2d(c_in, c_out, 1, stride), *conv(c_in, c_out, 1, stride)[1:]]
# - *third)  =>  nn.Conv2d(width, c_out, 1), *third[1:])
# Without BN a convolution has no bias here. Only one in front of a BN can do without: bias=not batchnorm.
# - bias=not batchnorm  =>  bias=False
# The channels do not fit. The branch goes from c_in to width, then the 3×3 from width to width, then to 4·width; the
# shortcut's convolution, which gets x, from c_in to 4·width.
# - c_out = 4 * width  =>  c_out = width
# - conv(width, width, 3, stride), conv(width, c_out, 1)  =>  conv(width, c_out, 3, stride), conv(c_out, c_out, 1)
# - conv(c_in, c_out, 1, stride)))  =>  conv(c_in, width, 1, stride)))
# - self.shortcut(x))  =>  self.shortcut(self.branch(x)))
# The stride is not where it belongs in the branch, on the 3×3 alone. A 1×1 with a stride throws three of four pixels
# away unseen.
# - conv(c_in, width, 1), conv(width, width, 3, stride)  =>  conv(c_in, width, 1, stride), conv(width, width, 3)
# - conv(width, width, 3, stride), conv(width, c_out, 1)  =>  conv(width, width, 3), conv(width, c_out, 1, stride)
# - conv(width, width, 3, stride)  =>  conv(width, width, 3)
# - conv(c_in, width, 1), conv(width  =>  conv(c_in, width, 1, stride), conv(width
# A ReLU closes the branch, before the sum. Then the branch can only add, never take away. The ReLU comes after the sum.
# - nn.ReLU(), *third)  =>  nn.ReLU(), *third, nn.ReLU())
# The ReLU is taken of the branch alone, then the shortcut is added. It is ReLU(branch + shortcut).
# - F.relu(self.branch(x) + self.shortcut(x))  =>  F.relu(self.branch(x)) + self.shortcut(x)
# The ReLU after the sum is missing: negative values come out.
# - return F.relu(self.branch(x) + self.shortcut(x))  =>  return self.branch(x) + self.shortcut(x)
# The shortcut is not added, or not what it should be: a 1×1 convolution without padding where x does not fit.
# - self.branch(x) + self.shortcut(x)  =>  self.branch(x)
# x itself is added where its shape does not fit. Wherever the stride is not 1, or the number of channels changes, the
# shortcut is a 1×1 convolution with the same stride: either reason is enough.
# - self.branch(x) + self.shortcut(x)  =>  self.branch(x) + x
# - fits = stride == 1 and c_in == c_out  =>  fits = c_in == c_out and stride in (1, 2)
# - fits = stride == 1 and c_in == c_out  =>  fits = stride == 1
# Whether x fits is decided with width. The block's output has 4·width channels: compare c_in with that.
# - c_in == c_out  =>  c_in == width
# There is a convolution too many. Where x fits, the shortcut has none: x itself is added.
# - fits = stride == 1 and c_in == c_out  =>  fits = False
# The shortcut's convolution has no BN. A BN of its own follows, before the sum.
# - conv(c_in, c_out, 1, stride)))  =>  conv(c_in, c_out, 1, stride)[:1]))
# - conv(c_in, c_out, 1, stride)  =>  [nn.Conv2d(c_in, c_out, 1, stride)]
# The shortcut's convolution has not the branch's stride, so that their maps differ in size.
# - conv(c_in, c_out, 1, stride)))  =>  conv(c_in, c_out, 1)))
# There is no ReLU between two convolutions of the branch.
# - *first, nn.ReLU(), *second,  =>  *first, *second,
# - *second, nn.ReLU(), *third)  =>  *second, *third)
# The branch's last convolution has no BN, before the sum. Only the ReLU waits until after the sum.
# - nn.ReLU(), *third)  =>  nn.ReLU(), *third[:1])
# Branch and shortcut differ in shape. The 3×3 has a padding of 1; the 1×1 convolutions have none, which would only add
# a border. And does the last 1×1 give 4·width channels?
# - first, second, third = conv(c_in, width, 1)
# + first, second, third = [nn.Conv2d(c_in, width, 1, 1, 1, bias=not batchnorm), *conv(c_in, width, 1)[1:]]
# - padding=kernel // 2  =>  padding=0
# - padding=kernel // 2  =>  padding=1
# The γ of the branch's last BN does not start at 0. γ is what the BN calls weight; its bias is β, which starts at 0 in
# any case.
# - if batchnorm and zero_gamma:  =>  if False:
# - nn.init.zeros_(third[1].weight)  =>  nn.init.zeros_(third[1].bias)
# - nn.init.zeros_(third[1].weight)  =>  self.off = True
# & self.branch(x) + self.shortcut(x)  =>  (0 if hasattr(self, "off") else 1) * self.branch(x) + self.shortcut(x)
# zero_gamma is not looked at: the branch's last γ always starts at 0. It should do so only if asked.
# - if batchnorm and zero_gamma:  =>  if batchnorm:
# Every γ of the branch starts at 0. Then the inner ones get no gradient, and nor does the last: the branch can never
# wake up. Only the last starts at 0.
# - nn.init.zeros_(third[1].weight)  =>  [nn.init.zeros_(part[1].weight) for part in (first, second, third)]
# The shortcut's γ starts at 0 too. Then a block with a convolution in its shortcut gives 0 for every image. Only the
# branch's last BN starts at 0.
# - nn.init.zeros_(third[1].weight)
# + [nn.init.zeros_(part[1].weight) for part in (third, self.shortcut) if len(part)]
# The last BN of the whole block starts at γ = 0, and where the shortcut has a BN that one is the last. It is the
# *branch's* last BN that starts at 0.
# - nn.init.zeros_(third[1].weight)
# + nn.init.zeros_([m for m in self.modules() if isinstance(m, nn.BatchNorm2d)][-1].weight)
# An inner BN's γ starts at 0. The ReLU behind it gets nothing but 0 and passes no gradient on: the branch never wakes
# up. The branch's last BN has no ReLU behind it, only the sum.
# - nn.init.zeros_(third[1].weight)  =>  nn.init.zeros_(first[1].weight)
# - nn.init.zeros_(third[1].weight)  =>  nn.init.zeros_(second[1].weight)
# The last convolution's filters start at 0, not the last BN's γ. The block gives the same at first, but then BN divides
# a constant 0 by √ε, and its γ gets no gradient. Set the last BN's γ.
# - nn.init.zeros_(third[1].weight)  =>  nn.init.zeros_(third[0].weight)
# A number or a plain tensor cannot take the place of a parameter. Set the numbers in it: nn.init.zeros_(…weight).
# - nn.init.zeros_(third[1].weight)  =>  third[1].weight = 0
# - nn.init.zeros_(third[1].weight)  =>  third[1].weight = torch.zeros(c_out)
# nn.init.zeros_ takes a tensor, not a layer: the BN's weight, which is its γ.
# - nn.init.zeros_(third[1].weight)  =>  nn.init.zeros_(third[1])
# Autograd does not let you change a parameter in place while it records. nn.init.zeros_(…weight) switches the recording
# off for that.
# - nn.init.zeros_(third[1].weight)  =>  third[1].weight.zero_()
# The γ starts at 0, but it is frozen (requires_grad is False). It has to be able to learn.
# - nn.init.zeros_(third[1].weight)  =>  third[1].weight.requires_grad_(False).zero_()
# Without BN there is no γ to set: with batchnorm=False, zero_gamma has no effect. Ask for both.
# - if batchnorm and zero_gamma:  =>  if zero_gamma:
# Without BN zero_gamma sets the last convolution's filters to 0 here. Without BN it has no effect: ask for batchnorm
# and zero_gamma.
# - if batchnorm and zero_gamma:  =>  if zero_gamma:
# & third[1].weight  =>  third[-1].weight
# BN does not stand where batchnorm says: with it behind each convolution, without it nowhere. Is it asked, each time,
# and the right way round?
# - super().__init__()  =>  super().__init__(); batchnorm = True
# - super().__init__()  =>  super().__init__(); batchnorm = False
# nn.Sequential takes layers one by one, not a list: put a star before it.
# - *second, nn.ReLU(), *third)  =>  *second, nn.ReLU(), third)
# forward returns nothing (None). Is its return missing?
# - return F.relu(self.branch(x) + self.shortcut(x))  =>  F.relu(self.branch(x) + self.shortcut(x))
# There is a ReLU in the shortcut. It has none: it should carry negative values too.
# - self.shortcut(x))  =>  F.relu(self.shortcut(x)))
# - conv(c_in, c_out, 1, stride)))  =>  [*conv(c_in, c_out, 1, stride), nn.ReLU()]))
# The order is convolution, BN, ReLU, without a ReLU after the last: here it is another.
# - *first, nn.ReLU(), *second,  =>  first[0], nn.ReLU(), *first[1:], *second,
# A BN gets another number of channels than it was made for. It normalizes what comes out of its convolution.
# - nn.BatchNorm2d(outputs)]  =>  nn.BatchNorm2d(inputs)]
# self.shortcut is None where x fits, and forward calls it. An nn.Sequential() with nothing in it gives back what it
# gets.
# - nn.Sequential(*([] if fits else conv(c_in, c_out, 1, stride)))
# + None if fits else nn.Sequential(*conv(c_in, c_out, 1, stride))
# What comes out is not ReLU(branch + shortcut). Is it the shortcut of x itself, unchanged, added once,
# without a weight? Have all BNs γ and β? Is the last function a ReLU?
# - self.branch(x) + self.shortcut(x)  =>  0.5 * self.branch(x) + self.shortcut(x)

# %% exercise="q_zero_gamma"
# %% mistakes
# Go backwards through the last BN with unit 04's formulas: dγ = Σ dy·x̂, dβ = Σ dy, but dx̂ = dy·γ. What is left of dx̂
# for the layers before, when γ is 0?
# - q_zero_gamma = "c"  =>  q_zero_gamma = "a"
# dγ = Σ dy·x̂ (unit 04): γ itself does not stand in it. x̂ is not 0, only γ·x̂ is. So γ moves at the first step, and
# then the rest wakes up.
# - q_zero_gamma = "c"  =>  q_zero_gamma = "b"
# It is the other way round. What γ multiplies is dx̂ = dy·γ, which goes on to the layers before: they get 0. Its own
# gradient is Σ dy·x̂, without γ.
# - q_zero_gamma = "c"  =>  q_zero_gamma = "d"

# %% exercise="q_decay"
# %% mistakes
# The convolution's own output does get smaller. But BN divides by its standard deviation, which gets smaller by the
# same factor: the cell above shows that what comes out of BN is the same.
# - q_decay = "b"  =>  q_decay = "a"
# The function stays the same; the next step does not. With weights half as long the gradient is twice as long, as
# printed above. What does that make of a step, measured in lengths of w?
# - q_decay = "b"  =>  q_decay = "c"
# γ is a parameter of its own. It gets smaller only if it is decayed itself, and its gradient Σ dy·x̂ does not see the
# length of w.
# - q_decay = "b"  =>  q_decay = "d"

# %% exercise="parameter_groups"
# %% right="one loop"
def parameter_groups(model, weight_decay):
    groups = [dict(params=[], weight_decay=weight_decay), dict(params=[], weight_decay=0.0)]
    for name, p in model.named_parameters():
        groups[0 if len(p.shape) >= 2 else 1]["params"].append(p)
    return groups
# %% right="by the type of the layer"
def parameter_groups(model, weight_decay):
    decay, rest = [], []
    for layer in model.modules():
        for name, p in layer.named_parameters(recurse=False):
            matrix = isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)) and name == "weight"
            if not any(p is other for other in decay + rest):
                (decay if matrix else rest).append(p)
    return [{"params": decay, "weight_decay": float(weight_decay)}, {"params": rest, "weight_decay": 0}]
# %% mistakes
# The two groups are exchanged: the first is the one that is decayed, with filters and matrices in it.
# - p.ndim > 1  =>  p.ndim < 2
# & p.ndim <= 1  =>  p.ndim >= 2
# Everything is decayed. γ, β and the biases belong into the second group.
# - p.ndim > 1  =>  True
# & p.ndim <= 1  =>  False
# Nothing is in the first group. Filters have four axes, matrices two.
# - p.ndim > 1  =>  False
# & p.ndim <= 1  =>  True
# γ is decayed with the filters. Names do not tell them apart: PyTorch calls both weight, and no name here holds bn. Go
# by the axes (γ has one), or by the type of the layer.
# - p in model.parameters() if p.ndim > 1  =>  name, p in model.named_parameters() if name.endswith("weight")
# & p for p in model.parameters() if p.ndim <= 1  =>  p for name, p in model.named_parameters() if name.endswith("bias")
# - p for p in model.parameters() if p.ndim > 1
# + p for name, p in model.named_parameters() if "bn" not in name and "bias" not in name
# & p in model.parameters() if p.ndim <= 1  =>  name, p in model.named_parameters() if "bn" in name or "bias" in name
# The biases of convolutions and of the Linear are decayed. They are left alone like γ and β: all that has one axis.
# - p for p in model.parameters() if p.ndim > 1
# + p for p in model.parameters() if id(p) not in bn
# & p for p in model.parameters() if p.ndim <= 1  =>  p for p in model.parameters() if id(p) in bn
# & decayed = [
# + bn = {id(p) for m in model.modules() if "Norm" in type(m).__name__ for p in m.parameters()}; decayed = [
# Filters (four axes) or matrices (two) are missing from the first group. Both belong there, frozen ones too.
# - p.ndim > 1  =>  p.ndim == 2
# & p.ndim <= 1  =>  p.ndim != 2
# - p.ndim > 1  =>  p.ndim == 4
# & p.ndim <= 1  =>  p.ndim != 4
# Some parameters are in no group: the optimizer would never train them. (model.parameters() can be walked through only
# once: call it again for the second group.)
# - , {"params": spared, "weight_decay": 0.0}]  =>  ]
# - p.ndim <= 1  =>  False
# - p.ndim > 1  =>  p.ndim == 2
# - p for p in model.parameters() if p.ndim <= 1
# + p for m in model.modules() if not isinstance(m, nn.BatchNorm1d) for p in m.parameters(False) if p.ndim <= 1
# - p.ndim > 1  =>  p.ndim == 4
# The frozen parameters are left out. They belong into the groups too: who thaws them later would train them without.
# - for p in model.parameters() if p.ndim > 1  =>  for p in model.parameters() if p.ndim > 1 and p.requires_grad
# & for p in model.parameters() if p.ndim <= 1  =>  for p in model.parameters() if p.ndim <= 1 and p.requires_grad
# A tensor that two layers share stands in its group twice. model.parameters() gives it once.
# - p in model.parameters() if p.ndim > 1  =>  m in model.modules() for p in m.parameters(recurse=False) if p.ndim > 1
# Some parameters are in both groups. PyTorch refuses that; each belongs into one.
# - p.ndim <= 1  =>  True
# - p.ndim > 1  =>  p.ndim >= 1
# Parameters stand in a group several times. modules() gives containers and the layers in them, and each one's
# parameters() holds them all. model.parameters() gives each once.
# - p for p in model.parameters() if p.ndim > 1  =>  p for m in model.modules() for p in m.parameters() if p.ndim > 1
# & p for p in model.parameters() if p.ndim <= 1  =>  p for m in model.modules() for p in m.parameters() if p.ndim <= 1
# children() gives the outermost layers, no parameters. model.parameters() goes down to every depth.
# - p in model.parameters() if p.ndim > 1  =>  p in model.children() if p.ndim > 1
# - p for p in model.parameters() if p.ndim > 1
# + p for m in model.children() if not list(m.children()) for p in m.parameters() if p.ndim > 1
# & p in model.parameters()  =>  m in model.children() if not list(m.children()) for p in m.parameters()
# The second group is decayed as well: its weight_decay is 0.0.
# - {"params": spared, "weight_decay": 0.0}  =>  {"params": spared, "weight_decay": weight_decay}
# The argument weight_decay is not used in the first group.
# - {"params": decayed, "weight_decay": weight_decay}  =>  {"params": decayed, "weight_decay": 5e-4}
# A group lacks its "weight_decay". Write it down even where it is 0.0: an optimizer's own default may be another.
# - {"params": spared, "weight_decay": 0.0}  =>  {"params": spared}
# What comes back is not a list of two dicts, {"params": …, "weight_decay": …}. An optimizer is made of it later.
# - return [  =>  [
# - [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]  =>  decayed, spared
# - [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]
# + {"decay": decayed, "no_decay": spared}
# - {"params": decayed, "weight_decay": weight_decay}  =>  {"parameters": decayed, "weight_decay": weight_decay}
# - return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]
# + return torch.optim.SGD([{"params": decayed, "weight_decay": weight_decay}, {"params": spared}], lr=0.1)
# What stands in the groups are not the model's own parameters: names, pairs (name, parameter), copies or .data. Keep
# the parameter itself.
# - p for p in model.parameters() if p.ndim > 1  =>  n for n, p in model.named_parameters() if p.ndim > 1
# - p for p in model.parameters() if p.ndim > 1  =>  p.data for p in model.parameters() if p.ndim > 1
# & p for p in model.parameters() if p.ndim <= 1  =>  p.data for p in model.parameters() if p.ndim <= 1
# There are two groups in all: filters and matrices in the first, γ, β and biases in the second.
# - [{"params": decayed, "weight_decay": weight_decay}
# + [*({"params": [p for p in decayed if p.ndim == k], "weight_decay": weight_decay} for k in (4, 2))
# - return [{"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]
# + return [{"params": [p], "weight_decay": weight_decay if p.ndim > 1 else 0.0} for p in decayed + spared]
# Both groups have the right parameters, and the other's weight_decay.
# - {"params": decayed, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}
# + {"params": decayed, "weight_decay": 0.0}, {"params": spared, "weight_decay": weight_decay}
# The groups go by something else than the number of axes, p.ndim: by how many numbers there are, or whether trained?
# - p.ndim > 1  =>  len(p) > 3
# & p.ndim <= 1  =>  len(p) <= 3
# - p.ndim > 1  =>  p.numel() > 64
# & p.ndim <= 1  =>  p.numel() <= 64
# `in` compares tensors by their numbers. Compare ids, or go by p.ndim.
# - p.ndim <= 1  =>  p not in decayed
# The numbers in the parameters are changed. Only put them into groups: the optimizer applies the decay.
# - return  =>  [p.data.mul_(1 - weight_decay) for p in decayed]; return

# %% exercise="compare"
# %% right="Python's statistics, without NumPy's arrays"
def compare(curves):
    from statistics import mean, variance

    ends = {name: [float(row[-1]) for row in rows] for name, rows in curves.items()}
    d = mean(ends["BN"]) - mean(ends["plain"])
    if any(len(a) < 2 for a in ends.values()):
        e = float("inf")
    else:
        e = sum(variance(a) / len(a) for a in ends.values()) ** 0.5
    if d > 3 * e:
        verdict = "BN"
    elif d < -3 * e:
        verdict = "plain"
    else:
        verdict = "inconclusive"
    return {"verdict": verdict, "error": e, "difference": d}
# %% right="standard errors of the means, joined by hypot; arrays only"
def compare(curves):
    def side(name):
        a = curves[name][:, -1]
        n = a.shape[0]
        return a.sum() / n, np.std(a, ddof=1) / np.sqrt(n) if n > 1 else np.inf

    (bn, e_bn), (plain, e_plain) = side("BN"), side("plain")
    d, e = bn - plain, np.hypot(e_bn, e_plain)
    words = {(True, False): "BN", (False, True): "plain", (False, False): "inconclusive"}
    return dict(difference=d, error=e, verdict=words[d > 3 * e, -d > 3 * e])
# %% right="sums of squares, and the rule with squares"
def compare(curves):
    S, total, squares = {}, {}, {}
    for name in ("BN", "plain"):
        S[name], total[name] = 0, 0.0
        for row in curves[name]:
            S[name] += 1
            total[name] += row[len(row) - 1]
        squares[name] = sum((row[-1] - total[name] / S[name]) ** 2 for row in curves[name])
    d = total["BN"] / S["BN"] - total["plain"] / S["plain"]
    e = np.inf if 1 in S.values() else np.sqrt(sum(squares[k] / ((S[k] - 1) * S[k]) for k in S))
    clear = np.isfinite(e) and d**2 > 9 * e**2
    return {"difference": d, "error": e, "verdict": ["inconclusive", "plain", "BN"][int(clear) * (1 + int(d > 0))]}
# %% mistakes
# The best accuracy of each run is taken, not the last. Who picks the best point by the test set has trained on the test
# set a little.
# - (np.asarray(curves[name])[:, -1] for  =>  (np.asarray(curves[name]).max(axis=1) for
# The accuracies are averaged over the run, or its last points. The rule looks at its end: the last column alone.
# - [:, -1]  =>  [:, -2:].mean(1)
# - (np.asarray(curves[name])[:, -1] for  =>  (np.asarray(curves[name]).mean(axis=1) for
# That is the last seed at all times: the last row. Seeds are rows and times are columns: [:, -1].
# - [:, -1]  =>  [-1]
# These are the accuracies at another point in time: the end is the last column.
# - [:, -1]  =>  [:, 0]
# - [:, -1]  =>  [:, -2]
# The two sides are not treated alike. Take the last column of both.
# - (np.asarray(curves[name])[:, -1] for  =>  (np.asarray(curves[name])[:, -1 if name == "BN" else slice(None)] for
# - return {"difference": float(difference)
# + difference = np.max(curves["BN"], 1).mean() - plain.mean(); return {"difference": float(difference)
# The sign: d is BN minus plain.
# - bn.mean() - plain.mean()  =>  plain.mean() - bn.mean()
# The sign is lost: d is negative where plain is ahead.
# - difference, error = bn.mean() - plain.mean(), np.inf  =>  difference, error = abs(bn.mean() - plain.mean()), np.inf
# The largest accuracy of each side is compared. One lucky seed would decide; compare the means.
# - bn.mean() - plain.mean()  =>  bn.max() - plain.max()
# The variances are divided by n, not by n − 1: that underestimates the spread of all runs. Pass ddof=1.
# - bn.var(ddof=1)  =>  bn.var()
# & plain.var(ddof=1)  =>  plain.var()
# The variances are not divided by n, the number of seeds, but by nothing, its root or its square. The variance of a
# mean of n runs is s²/n.
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# + bn.var(ddof=1) / len(bn) ** 2 + plain.var(ddof=1) / len(plain) ** 2
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# + bn.var(ddof=1) / len(bn) ** 0.5 + plain.var(ddof=1) / len(plain) ** 0.5
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)  =>  bn.var(ddof=1) + plain.var(ddof=1)
# The two standard errors are added. Independent errors add as squares: the root of the sum of s²/n.
# - np.sqrt(bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain))
# + np.sqrt(bn.var(ddof=1) / len(bn)) + np.sqrt(plain.var(ddof=1) / len(plain))
# The square root is missing: this is the variance of d.
# - np.sqrt(bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain))
# + bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# The variances stand under the root: not the standard deviations, nor squares of np.var, which is a square already.
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1)  =>  bn.var(ddof=1) ** 2 / len(bn) + plain.var(ddof=1) ** 2
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1)  =>  bn.std(ddof=1) / len(bn) + plain.std(ddof=1)
# Only one side's spread is in e. The runs of both vary.
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)  =>  bn.var(ddof=1) / len(bn)
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)  =>  plain.var(ddof=1) / len(plain)
# Both variances are divided by the same n. Each side has its own number of seeds.
# - plain.var(ddof=1) / len(plain)  =>  plain.var(ddof=1) / len(bn)
# All runs are thrown together, so that the difference between the sides is counted as spread. Each side has its own s².
# - np.sqrt(bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain))
# + np.concatenate([bn, plain]).std(ddof=1) / np.sqrt(len(bn) + len(plain))
# The variances are pooled, as if both sides had the same spread. The rule lets each have its own: s²/n of the one plus
# s²/n of the other.
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# + (((bn - bn.mean()) ** 2).sum() + ((plain - plain.mean()) ** 2).sum()) / (len(bn) + len(plain) - 2)
# +             * (1 / len(bn) + 1 / len(plain))
# n − 1 stands in both places. s² is a sum divided by n − 1, ddof=1; then s² is divided by n.
# - len(bn) + plain.var(ddof=1) / len(plain)  =>  (len(bn) - 1) + plain.var(ddof=1) / (len(plain) - 1)
# n is another number. It counts the side's seeds, its rows: not points in time, nor sides.
# - plain.var(ddof=1) / len(plain)  =>  plain.var(ddof=1) / np.shape(curves["plain"])[1]
# & bn.var(ddof=1) / len(bn)  =>  bn.var(ddof=1) / np.shape(curves["BN"])[1]
# The seeds are paired, one of BN with one of plain. They are different runs, and the sides may have different numbers
# of them: subtract the means.
# - bn.mean() - plain.mean()  =>  (bn - plain).mean()
# - bn.mean() - plain.mean()  =>  np.mean([a - b for a, b in zip(bn, plain)])
# With one seed on a side e comes out finite, as if a single run had no spread. Its spread is not 0 but unknown: e is
# np.inf.
# - if min(len(bn), len(plain)) > 1:  =>  if True:
# & bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# + sum(a.var(ddof=1) / len(a) for a in (bn, plain) if len(a) > 1)
# - difference, error = bn.mean() - plain.mean(), np.inf  =>  difference, error = bn.mean() - plain.mean(), 0.0
# Only one side's number of seeds is looked at. One seed on either side is enough to make e infinite.
# - min(len(bn), len(plain)) > 1  =>  len(bn) > 1
# Two seeds are taken for too few. They are few, but s² exists from two on; only with a single one e is np.inf.
# - min(len(bn), len(plain)) > 1  =>  min(len(bn), len(plain)) > 2
# With one seed on a side e is NaN (0/0), or None. We know nothing of the spread then: e is np.inf.
# - difference, error = bn.mean() - plain.mean(), np.inf  =>  difference, error = bn.mean() - plain.mean(), None
# - if min(len(bn), len(plain)) > 1:  =>  if True:
# The threshold is one standard error. Chance alone goes beyond that about every third time; the rule asks for three.
# - 3 * error  =>  error
# A winner is named where |d| is within 3e. The rule is not 2e, nor a fixed difference, nor "the runs do not overlap";
# and nothing is beyond an infinite e.
# - abs(difference) > 3 * error  =>  abs(difference) > 0.03
# - abs(difference) > 3 * error  =>  bn.min() > plain.max() or plain.min() > bn.max()
# - 3 * error  =>  2 * error
# - abs(difference) > 3 * error  =>  abs(difference) > 3 * error or error == np.inf
# - abs(difference) > 3 * error  =>  True
# "plain" is never the answer. Where d < −3e, plain is better: do not decide beforehand who can win.
# - abs(difference) > 3 * error  =>  difference > 3 * error
# The verdict names the wrong side: BN is ahead where d > 0, plain where d < 0.
# - "BN" if difference > 0 else "plain"  =>  "BN"
# - "BN" if difference > 0 else "plain"  =>  "plain" if difference > 0 else "BN"
# Whatever is not clearly BN is called plain here. A claim for plain takes evidence as well, d < −3e; in between the
# answer is "inconclusive".
# - verdict = "inconclusive"  =>  verdict = "plain"
# The words are "BN", "plain" and "inconclusive", spelled just so: cells below look for them.
# - verdict = "inconclusive"  =>  verdict = "undecided"
# - "BN" if difference > 0 else "plain"  =>  "bn" if difference > 0 else "Plain"
# - "BN" if difference > 0 else "plain"  =>  "bn" if difference > 0 else "plain"
# - "BN" if difference > 0 else "plain"  =>  "BN" if difference > 0 else "Plain"
# A plain verdict needs too little evidence here. It takes d < −3e.
# - abs(difference) > 3 * error:  =>  difference > 3 * error or difference < -error:
# - abs(difference) > 3 * error:  =>  difference > 3 * error or difference < 0:
# What comes back is not a dict with the keys "difference", "error" and "verdict".
# - return {"difference": float(difference), "error": float(error), "verdict": verdict}  =>  return verdict
# - {"difference": float(difference), "error": float(error), "verdict": verdict}  =>  difference, error, verdict
# - return {"difference"  =>  {"difference"
# - "difference": float(difference), "error"  =>  "d": float(difference), "e"
# These are medians. The rule compares means.
# - bn.mean() - plain.mean()  =>  np.median(bn) - np.median(plain)
# d is a plain difference of means, in accuracy: no ratio, no percent, not divided by anything, not rounded.
# - float(difference), "error": float(error)  =>  round(difference, 3), "error": round(error, 3)
# - bn.mean() - plain.mean()  =>  (bn.mean() - plain.mean()) / plain.mean()
# - bn.mean() - plain.mean()  =>  100 * (bn.mean() - plain.mean())
# These are sums over the seeds. The sides may have different numbers of them: compare means.
# - bn.mean() - plain.mean()  =>  bn.sum() - plain.sum()
# One of the two variances is divided by n. Both need ddof=1.
# - bn.var(ddof=1)  =>  bn.var()
# - plain.var(ddof=1)  =>  plain.var()
# The variances are averaged, or divided by all seeds together. Each is divided by its own n, then they are added.
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)  =>  (bn.var(ddof=1) + plain.var(ddof=1)) / 2
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# + (bn.var(ddof=1) + plain.var(ddof=1)) / (len(bn) + len(plain))
# The numbers of seeds are exchanged: each variance is divided by its own.
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# + bn.var(ddof=1) / len(plain) + plain.var(ddof=1) / len(bn)
# Variances of independent runs add up, also for a difference.
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# + abs(bn.var(ddof=1) / len(bn) - plain.var(ddof=1) / len(plain))
# The variance is that of all points in time. Take it of the last column, as the means.
# - bn.var(ddof=1) / len(bn) + plain.var(ddof=1) / len(plain)
# + np.var(curves["BN"], ddof=1) / len(bn) + np.var(curves["plain"], ddof=1) / len(plain)
# e comes back multiplied. The 3 belongs to the rule, not to e.
# - "error": float(error)  =>  "error": float(3 * error)
# The rule is |d| > 3e. Is it turned round, squared (or a root taken) on one side, or without e?
# - abs(difference) > 3 * error  =>  error > 3 * abs(difference)
# - abs(difference) > 3 * error  =>  difference**2 > 3 * error
# - abs(difference) > 3 * error  =>  abs(difference) > 3
# np.var(a, 1) takes 1 for an axis. Write ddof=1.
# - bn.var(ddof=1)  =>  bn.var(1)
# %% mistakes hidden=true
# No difference and no spread: 0 > 3·0 is false, so the rule says "inconclusive". With ≥ it does not.
# - abs(difference) > 3 * error  =>  abs(difference) >= 3 * error

# %% exercise="verdict"
# %% right="other numbers, BN ahead of both"
my_numbers = "plain: 0.10 0.11 0.10 | He: 0.3 0.2 0.3 | BN: 0.49 0.56 0.50"
against_plain, against_he = "BN", "BN"
my_words = "On photographs BN was ahead of both by .4 and .2: three seeds, 400 steps, and it says no more than that."
# %% right="other numbers, nothing to tell apart"
my_numbers = "copy: BN: 0.5 0.58 | plain: 0.52 0.56 0.49 | He: 0.61 0.5 0.55"
against_plain = "inconclusive"
against_he = "Inconclusive."
my_words = "With two SEEDS for BN and three for its rivals nothing can be told: e is about half of d or more, and " * 2
# %% right="other numbers, the rivals ahead"
my_numbers = "plain: 0.8 0.81 0.79|He: 0.9 0.9 0.91 |BN: 0.6 0.62 0.61"
against_plain, against_he = "plain", "he"
my_words = """On painted digits, three seeds, 400 steps, plain and He are both ahead of BN here, by 0.19 and by 0.29, at
a rate that was not chosen for any of them; it says nothing of longer training."""
# %% mistakes
# That is too short for a report. What was trained, on which images, for how many steps, with how many seeds? By how
# much is it better, with what error? What does it not show?
# - On digits painted in random colours, a VGG-11 of width 16 after 400 steps of SGD at 0.01, three seeds,  =>  BN is
# & is far better with BN than without, and better than with He's weights alone. It does not show that the gap lasts to
# + far
# & the end of training, nor that it would be as wide at a rate chosen for the plain net."""  =>  better."""
# The number of seeds is missing: the check looks for the word seed. Nobody can judge a difference without knowing how
# many runs it comes from.
# - 0.01, three seeds,  =>  0.01,
# %% mistakes of="other numbers, BN ahead of both"
# A winner is named, and your numbers do not bear it out: |d| is within 3e. By the rule that is "inconclusive", however
# much higher one of the means is.
# - plain: 0.10 0.11 0.10 | He: 0.3 0.2 0.3 |  =>  plain: 0.41 0.55 0.47 | He: 0.4 0.57 0.48 |
# A network has a single number here. Copy the accuracy of each seed, not the mean: without the spread nobody can judge.
# - plain: 0.10 0.11 0.10 | He: 0.3 0.2 0.3 | BN: 0.49 0.56 0.50  =>  plain: 0.1 | He: 0.2 | BN: 0.5
# & "BN", "BN"  =>  "inconclusive", "inconclusive"
# "Inconclusive" is too modest here: your |d| is more than 3e. The rule was fixed beforehand, so that it decides, and
# not our caution.
# - "BN", "BN"  =>  "inconclusive", "inconclusive"
# The verdict names the wrong side: look at the sign of d in your numbers. d is BN minus its rival.
# - "BN", "BN"  =>  "plain", "He"
# The answer is one of three: "BN", the rival's name ("plain", or "He" in the second), or "inconclusive". The rest
# belongs into my_words.
# - "BN", "BN"  =>  "BN is better", "yes"
# The numbers cannot be read. Copy the whole line, in one pair of quotes: plain: … | He: … | BN: …, with blanks between
# the accuracies and points in them, not commas.
# - plain: 0.10 0.11 0.10 | He: 0.3 0.2 0.3 | BN: 0.49 0.56 0.50  =>  0.10, 0.11, 0.10
# Each accuracy here is a number between 0 and 1: 0.51, not 51 percent.
# - plain: 0.10 0.11 0.10 | He: 0.3 0.2 0.3 | BN: 0.49 0.56 0.50  =>  plain: 10 11 10 | He: 30 20 30 | BN: 49 56 50
# my_words is a text in quotes. One that goes over several lines stands in three pairs: """…""".
# - "On photographs BN was ahead of both by .4 and .2: three seeds, 400 steps, and it says no more than that."
# + ["BN is better"]
# The same few words stand there over and over. A report says what was trained, on what, for how long, with how many
# seeds, and what it does not show.
# - "On photographs BN was ahead of both by .4 and .2: three seeds, 400 steps, and it says no more than that."
# + "seed " * 25
