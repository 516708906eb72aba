"""Markdown as plain text, for alt texts and lists: formulas as they are read, without marks."""

import re

NAMES = {  # of TeX, where the symbol is not the name itself
    **dict(alpha="α", beta="β", gamma="γ", delta="δ", Delta="Δ", varepsilon="ε", epsilon="ε", eta="η", theta="θ"),
    **dict(kappa="κ", lambda_="λ", mu="μ", nu="ν", pi="π", rho="ρ", sigma="σ", Sigma="Σ", tau="τ", phi="φ"),
    **dict(times="×", cdot="·", approx="≈", le="≤", leq="≤", ge="≥", geq="≥", ne="≠", neq="≠", pm="±", to="→"),
    **dict(partial="∂", nabla="∇", sum="Σ", infty="∞", dots="…", ldots="…", cdots="…", sqrt="√", in_="∈", mid="|"),
    **dict(quad=" ", qquad=" ", left="", right="", mathrm="", text="", mathbf="", dfrac="", frac=""),
}
NAMES |= {"lVert": "‖", "rVert": "‖", "Vert": "‖", "lambda": NAMES.pop("lambda_"), "in": NAMES.pop("in_"), "|": "‖"}
RELATIONS = "×·≈≤≥≠±→∈|"  # the space behind them is one; behind a letter it is TeX's
ACCENTS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304"}
SUPERSCRIPTS = str.maketrans("0123456789-+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺")


def plain(markdown: str) -> str:
    """One line of text from a piece of Markdown."""
    text = re.sub(r"\$([^$]+)\$", lambda formula: _formula(formula[1]), markdown)
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"[`*]", "", text)
    return re.sub(r"\s+", " ", text).strip()


def _formula(tex: str) -> str:
    text = re.sub(r"\\(hat|tilde|bar)\s*\{?(\\?\w+)\}?", lambda m: m[2] + ACCENTS[m[1]], tex)
    text = re.sub(r"([_^])\{(\w)\}", r"\1\2", text)
    text = re.sub(r"\\d?frac\s*(\{[^{}]*\}|\w)\s*(\{[^{}]*\}|\w)", r"\1/\2", text)
    text = re.sub(r"\\([A-Za-z]+|\|)(\s*)", _symbol, text)
    text = re.sub(r"\^(?:\{([-+\d]+)\}|(\d))", lambda m: (m[1] or m[2]).translate(SUPERSCRIPTS), text)
    text = re.sub(r"\^\{([^{}]+)\}", r"^(\1)", text)
    return re.sub(r"[{}\\]", "", text)


def _symbol(command: re.Match) -> str:
    shown = NAMES.get(command[1], command[1])
    return shown + (command[2] if shown in RELATIONS else "")


def first_sentence(text: str, longest: int = 150) -> str:
    """The first sentence of a plain text, cut at a word where it is too long."""
    sentence = re.split(r"(?<=[.!?]) ", text, maxsplit=1)[0]
    if len(sentence) <= longest:
        return sentence
    beginning = sentence[:longest]
    return (beginning.rpartition(" ")[0] or beginning).rstrip(",;:") + " …"


def literal(text: str) -> str:
    """Plain text as Markdown in which nothing is a mark."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>#$|" else c for c in text)
