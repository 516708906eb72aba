"""Run in the kernel of a unit about NumPy where a student imports torch: it can be imported, and no more."""


def _stub_torch():
    import importlib.machinery
    import sys
    import types

    class NotAtHand(AttributeError):
        def __init__(self):
            super().__init__("torch is not at hand here: this unit's answers are written in NumPy")

    class Stub(types.ModuleType):
        def __getattr__(self, name):
            raise NotAtHand

        def __call__(self, *args, **kwargs):  # `from torch import ones` gives one of these, too
            raise NotAtHand

    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "torch":
                return importlib.machinery.ModuleSpec(name, self, is_package=True)

        def create_module(self, spec):
            return Stub(spec.name)

        def exec_module(self, module):
            pass

    sys.meta_path.insert(0, Finder())


_stub_torch()
del _stub_torch
