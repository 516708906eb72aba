# What takes the place of `check` and `scoreboard` while a notebook is graded. This file is not imported: its text is
# appended to the notebook's setup cell, after the kit, whose names it uses. It knows no expected value. It sends what
# the student's code gave; whether that is right is decided outside the jail.


def check(name, target, *args, rtol=1e-6, atol=1e-9, **kwargs):
    who = getattr(target, "__name__", type(target).__name__) if callable(target) else ""
    who = "your code" if who == "<lambda>" else str(who)
    value, outcome, error = _call(target, args, kwargs, name)
    said = _explain({}, outcome, error, who, rtol, atol)[1] if error is not None else ""
    sent = {"name": name, "outcome": outcome, "rtol": rtol, "atol": atol, "who": who, "said": said}
    _show(name, False, sent)
    if error is not None:
        raise CheckFailed(said) from None
    return value


def _mark(word):
    _show("", False, {"mark": word})


def scoreboard():
    print("The points are those of the graded notebook.")
