# What takes the place of `check` and `scoreboard` while a notebook is graded. This file is not imported: its text is
# run in the notebook's kit, whose names it uses, before the notebook gets them. It knows no expected value. It notes
# what the student's code gave; whether that is right is decided outside the jail.

_noted = None  # what the checks of the part that runs have seen; None outside check cells


def check(name, target, *args, rtol=1e-6, atol=1e-9, dtype=False, **kwargs):
    value, outcome, error = call(target, args, kwargs, name)
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


def _run_check(parts, word, names):
    """Run the parts of a check cell, (label, compiled code), and send after each what its checks noted, at once."""
    global _noted
    unsent, names = [], namespace(names)
    for label, code in parts:
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
        if label == "canary":  # goes with the next: each message costs as much as a small cell
            continue
        show("", False, unsent)
        unsent = []
        if stopped:
            break


def _is_check_cell(tree):
    """Check cells are run by `_run_check`; a copy of one is a cell of the student's own."""
    return False


def scoreboard():
    """The notebook's own would count what it cannot know here."""
    print("The points are those of the graded notebook.")
