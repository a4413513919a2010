"""Any text as LaTeX that pdflatex accepts with no more than its standard fonts."""

from __future__ import annotations

import unicodedata

from aecore.drawing.typeface import plain

_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "[": "{[}", "]": "{]}", "*": "{*}", "`": r"\textquoteleft{}",
    "'": r"\textquoteright{}", "-": "-{}", "!": "!{}", "?": "?{}",
    "σ": r"\ensuremath{\sigma}", "²": r"\ensuremath{^2}", "³": r"\ensuremath{^3}", "¹": r"\ensuremath{^1}",
    "β": r"\ensuremath{\beta}", "α": r"\ensuremath{\alpha}", "λ": r"\ensuremath{\lambda}", "μ": r"\ensuremath{\mu}",
    "µ": r"\ensuremath{\mu}", "ε": r"\ensuremath{\varepsilon}", "π": r"\ensuremath{\pi}", "θ": r"\ensuremath{\theta}",
    "γ": r"\ensuremath{\gamma}", "δ": r"\ensuremath{\delta}", "Δ": r"\ensuremath{\Delta}", "φ": r"\ensuremath{\phi}",
    "Σ": r"\ensuremath{\Sigma}", "Ω": r"\ensuremath{\Omega}", "ω": r"\ensuremath{\omega}", "ρ": r"\ensuremath{\rho}",
    "−": r"\ensuremath{-}", "×": r"\ensuremath{\times}", "±": r"\ensuremath{\pm}", "·": r"\ensuremath{\cdot}",
    "÷": r"\ensuremath{\div}", "∞": r"\ensuremath{\infty}", "≤": r"\ensuremath{\leq}", "≥": r"\ensuremath{\geq}",
    "≈": r"\ensuremath{\approx}", "≠": r"\ensuremath{\neq}", "°": r"\ensuremath{^\circ}",
    "→": r"\ensuremath{\rightarrow}", "←": r"\ensuremath{\leftarrow}", "√": r"\ensuremath{\surd}",
    "–": "--", "—": "---", "…": r"\ldots{}",
    "“": "``", "”": "''", "„": ",,", "‘": "`", "’": "'", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}",
    "Ø": r"\O{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}", "å": r"\aa{}", "Å": r"\AA{}",
    "\xa0": "~", "§": r"\S{}", "©": r"\copyright{}", "•": r"\textbullet{}", "●": r"\textbullet{}",
    "⚠": r"\ensuremath{\triangle}\llap{\raisebox{0.1ex}{\tiny\bfseries!\hspace{0.38em}}}",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u ", "\u0307": ".",
    "\u0308": '"', "\u030a": "r ", "\u030b": "H ", "\u030c": "v ", "\u0327": "c ",
}  # fmt: skip


def latex(text: str) -> str:
    """The text as ASCII. What pdflatex's standard fonts lack, such as an emoji, becomes its code: `[U+1F600]`."""
    return "".join(map(_sign, plain(text)))


def breakable(text: str) -> str:
    """The same, where a line may also end after a dot, a colon, a plus sign and such, as names of settings are long."""
    return "".join(_sign(sign) + (r"\allowbreak{}" if sign in ".:+-_/," else "") for sign in plain(text))


def _sign(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign.isascii():
        return sign
    base, *marks = unicodedata.normalize("NFD", sign)
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        letter = {"i": r"\i", "j": r"\j"}.get(base, base)
        return f"\\{_ACCENTS[marks[0]]}{{{letter}}}"
    return f"{{[}}U+{ord(sign):04X}{{]}}"
