# What takes the place of `check` and `scoreboard` while a notebook is graded. This file is not imported: its text is
# appended to the notebook's setup cell, after the kit, whose names it uses. It knows no expected value. It notes what
# the student's code gave; whether that is right is decided outside the jail.

_noted = None  # what the checks of the part that runs have seen; None outside check cells


def check(name, target, *args, rtol=1e-6, atol=1e-9, **kwargs):
    who = getattr(target, "__name__", type(target).__name__) if callable(target) else ""
    who = "your code" if who == "<lambda>" else str(who)
    value, outcome, error = _call(target, args, kwargs, name)
    said = _explain({}, outcome, error, who, rtol, atol)[1] if error is not None else ""
    if _noted is None:
        print(f"(The check {name!r} counts in its own cell only.)")
    else:
        _noted.append({"name": name, "outcome": outcome, "rtol": rtol, "atol": atol, "who": who, "said": said})
    if error is not None:
        raise CheckFailed(said) from None
    return value


def _run_check(parts, word):
    """Run the parts of a check cell, (label, compiled code), and send after each what its checks noted, at once."""
    global _noted
    unsent = []
    for label, code in parts:
        _noted, stopped = [], None
        try:
            exec(code, globals())
        except BaseException as error:
            try:
                stopped = [type(error).__name__, str(error)[:4000]]
            except BaseException:
                stopped = [type(error).__name__, ""]
        noted, _noted = _noted, None
        unsent.append({"word": word, "part": label, "noted": noted, "error": stopped})
        if label == "canary":  # goes with the next: each message costs as much as a small cell
            continue
        _show("", False, unsent)
        unsent = []
        if stopped:
            break


def scoreboard():
    print("The points are those of the graded notebook.")
