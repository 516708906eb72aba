# What takes the place of `check` and `scoreboard` while a notebook is graded. This file is not imported: its text is
# run in the notebook's kit, whose names it uses, before the notebook gets them. It knows no expected value. It notes
# what the student's code gave; whether that is right is decided outside the jail.

import ctypes
import gc
import inspect
import types
import warnings
from operator import is_

_SMALL = 100_000  # characters of reports: more are not kept for the next message, whose size is limited
_noted = None  # what the checks of the part that runs have seen; None outside check cells


def check(name, target, *args, rtol=1e-6, atol=1e-9, dtype=False, **kwargs):
    value, outcome, error = call(target, args, kwargs, name)
    _put_back()  # before an assert that follows uses what the answer may have exchanged
    who = named(target)
    said = why_stopped(error, who, TABLE.stubs) if error is not None else ""
    if _noted is None:
        print(f"(The check {name!r} counts in its own cell only.)")
    else:
        seen = {"name": name, "outcome": outcome, "who": who, "said": said}
        _noted.append({**seen, "rtol": rtol, "atol": atol, "dtype": dtype})
    if error is not None:
        raise CheckFailed(said) from None
    return value


def _run_check(parts, word, names, kernel):
    """Run the parts of a check cell, (label, compiled code), and have the kernel send what their checks noted.

    At once after a part that put something out, or stopped: what comes next is of the next part.
    """
    global _noted
    _put_back()
    unsent, names, before = [], namespace(names), kernel.put_out()
    for left, (label, code) in enumerate(parts, 1 - len(parts)):
        CHECK_FILES.add(code.co_filename)
        _noted, stopped = [], None
        try:
            exec(code, names)
        except BaseException as error:
            try:
                stopped = [type(error).__name__, str(error)[:4000]]
            except BaseException:
                stopped = [type(error).__name__, ""]
        noted, _noted = _noted, None
        unsent.append({"word": word, "part": label, "noted": noted, "error": stopped})
        ended = not left or (stopped and label != "canary")
        if not ended and (label in ("canary", "given") or (kernel.put_out() == before and len(str(unsent)) < _SMALL)):
            continue  # goes with the next: each message costs as much as a small cell
        kernel.report(unsent, ended)
        if ended:
            break
        unsent, before = [], kernel.put_out()


def begin(names):
    """As the notebook's own, but for its way of running check cells: a copy of one is a cell of the student's own."""
    names.update(given())
    use_style()


def scoreboard():
    """The notebook's own would count what it cannot know here."""
    print("The points are those of the graded notebook.")


# What check cells stand on is the libraries' and the course's own, whatever a notebook has put in its place.

if "by_hand" in HELPERS:
    # `by_hand` puts a kernel in front of all others. Those of the processor, below it, can be asked for alone.
    _GUARDED = norms()  # here, once for all submissions
    _BELOW = (*_GUARDED, "_fused_rms_norm", "_fused_rms_norm_backward")
    _OVERRIDE = "allow_override" in inspect.signature(sys.modules["torch"].library.Library.impl).parameters
    # PyTorch's compiler has the same in Python: what its batch, layer and group norms come to, and their gradients.
    _WRITTEN_OUT = {
        "torch._decomp.decompositions": (
            *("native_batch_norm_helper", "native_batch_norm_backward", "native_layer_norm_backward"),
            *("native_group_norm_backward", "_fused_rms_norm", "_fused_rms_norm_backward"),
        ),
        "torch._refs": ("_normalize",),
        "torch.nn.utils.fusion": ("fuse_conv_bn_weights", "fuse_linear_bn_weights"),
    }

    def _is_refused(names=_GUARDED, has=sys.modules["torch"]._C._dispatch_has_kernel_for_dispatch_key):
        """Raise RuntimeError unless each operator still has the kernel that refuses: an answer can take it away."""
        if not all(has(f"aten::{name}", "BackendSelect") for name in names):
            raise RuntimeError("PyTorch's own normalization could not be switched off.")

    def _must_be_refused():
        torch = sys.modules["torch"]
        try:
            torch.native_batch_norm(torch.ones(2, 1), None, None, None, None, True, 0.1, 1e-5)
        except RuntimeError:
            return _is_refused()
        raise RuntimeError("PyTorch's own normalization could not be switched off.")

    def _refuse(*args, **options):
        raise RuntimeError("PyTorch's own normalization is switched off in this check: write the arithmetic yourself.")

    class _ByHand:
        """The unit's own `by_hand`, and what is said above. Looks, at the end, whether all of it is still in place."""

        def __init__(self, allowed=HELPERS["by_hand"]):
            self.allowed = allowed()

        def __enter__(self):
            own = [(sys.modules.get(module), name) for module, names in _WRITTEN_OUT.items() for name in names]
            functions = [inspect.unwrap(getattr(module, name)) for module, name in own if hasattr(module, name)]
            self.codes = {function: function.__code__ for function in functions}
            self.below = sys.modules["torch"].library.Library("aten", "IMPL")
            for function in functions:
                function.__code__ = _refuse.__code__
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that kernels are overridden
                for name in _BELOW:
                    self.below.impl(name, _refuse, "CPU", **{"allow_override": True} if _OVERRIDE else {})
            self.allowed.__enter__()
            try:
                _must_be_refused()
            except BaseException:  # of what is raised here, `with` tells no __exit__
                self._put_back()
                raise

        def __exit__(self, *error):
            try:
                _is_refused()
            finally:
                self._put_back(*error)

        def _put_back(self, *error):
            self.allowed.__exit__(*(error or (None, None, None)))
            self.below._destroy()
            for function, code in self.codes.items():
                function.__code__ = code

    HELPERS["by_hand"] = _ByHand


def _spaces():
    found = ["builtins", "numpy", "numpy.random", "numpy.linalg", "numpy.testing", "contextlib"]
    found += ["torch", "torch.nn", "torch.nn.functional", "torch.library", "torch.autograd", "torch.optim"]
    modules = [sys.modules[name] for name in found if name in sys.modules]
    torch = sys.modules.get("torch")
    return [*modules, torch.Tensor, torch.library.Library] if torch else modules


def _names(space):
    """What is in a space: of a class all, of a module what is public."""
    names, whole = vars(space), isinstance(space, type)
    return {name: value for name, value in names.items() if whole or name == "__import__" or not name.startswith("_")}


def _state(space):
    """Where the number of a space's state is read, as `.value`: another one after each change (PEP 509).

    By the names alone one would touch each of two thousand functions, at every check, and so copy the memory in which
    they lie, which is shared with the process that this one was forked from.
    """
    names = vars(space)
    if isinstance(names, types.MappingProxyType):  # a class's
        (names,) = gc.get_referents(names)
    return ctypes.c_uint64.from_address(id(names) + object.__basicsize__ + tuple.__itemsize__)  # after ob_base, ma_used


def _has_states():
    """Whether this Python numbers them so."""
    if sys.implementation.name != "cpython":
        return False
    trial, seen = type("Trial", (), {}), []
    for change in (1, 2, 3):
        trial.name = change
        seen.append(_state(trial).value)
    return len(set(seen)) == 3


_NUMBERED = _has_states()


class _Place:
    """A space with what was in it in the beginning."""

    def __init__(self, space):
        self.space, self.names = space, _names(space)
        self.inherited = {name for base in getattr(space, "__mro__", [])[1:] for name in vars(base)}
        self.state = _state(space) if _NUMBERED else None
        self.seen = None  # the number of the state in which all was as in the beginning


_places, _helpers = [_Place(space) for space in _spaces()], {**HELPERS}


# With the builtins of the beginning, whatever stands in their place now.
def _put_back(all=all, delattr=delattr, map=map, setattr=setattr, vars=vars):
    for place in _places:
        if place.state is not None and place.state.value == place.seen:
            continue
        now, kept = vars(place.space), place.names
        if not all(map(is_, map(now.get, kept), kept.values())):
            for name, value in kept.items():
                if now.get(name) is not value:
                    setattr(place.space, name, value)
        for name in (now.keys() - kept.keys()) & place.inherited:  # it would be found before what is inherited
            delattr(place.space, name)
        place.seen = None if place.state is None else place.state.value
    HELPERS.clear()
    HELPERS.update(_helpers)


def _no_processes(event, arguments):
    if _noted is not None and event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        raise RuntimeError("While it is checked, an answer starts no other program.")


sys.addaudithook(_no_processes)
