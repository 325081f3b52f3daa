"""The calculator's form and the frame of its result, as HTML; the page's scripts fill both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from paper_repro.counting.bases import BUILT_IN
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.ways import WAYS
from paper_repro.site.calculator.tables import FRAMES, HIGHEST, QUANTISATIONS, TOKENS

SCRIPTS = (
    "calculator-data.js", "calculator-arithmetic.js", "calculator-view.js", "calculator.js",
)  # fmt: skip
"""In the order in which they must run."""
WAY_WORDS: Mapping[str, str] = {
    "notebook": "Trainer, bfloat16, the notebook's pins",
    "notebook-fp16": "Trainer, the card's fastest 16-bit type",
    "notebook-today": "Trainer, bfloat16, today's libraries",
    "default": "this package's engine",
}
"""What the form calls the ways to compute a step."""


def calculator_part() -> str:
    """What stands at ``<!-- insert: calculator -->``."""
    scripts = "".join(f'<script src="assets/javascripts/{name}"></script>' for name in SCRIPTS)
    style = '<link rel="stylesheet" href="assets/stylesheets/calculator.css">'
    return f'<div class="calculator">{style}{_NOSCRIPT}{_form()}{_RESULT}{scripts}</div>'


def _form() -> str:
    base = (
        _select("base", "Base model", {hub: hub for hub in BUILT_IN})
        + _radios("quantisation", "Quantisation of the frozen base", QUANTISATIONS)
    )  # fmt: skip
    adapter = _number("rank", "Rank r") + _RANKS + _MODULES
    run = "".join(
        (
            _select("frame", "Frame, pixels", {f"{w}x{h}": f"{w} × {h}" for w, h in FRAMES}),
            _select("tokens", "Tokens of text", {str(n): f"{n:,}" for n in TOKENS}),
            _number("rows", "Training rows"),
            _number("epochs", "Epochs"),
            _number("batch", "Samples a pass"),
            _number("accumulation", "Passes an update"),
            _select("way", "A step is computed by", WAY_WORDS, wide=True),
            _select("card", "Card", {id: card.name for id, card in gpus().items()}, wide=True),
        )
    )
    parts = {"Base": base, "LoRA adapter": adapter, "Run": run}
    inside = "".join(
        f'<fieldset><legend>{name}</legend><div class="fields">{fields}</div></fieldset>'
        for name, fields in parts.items()
    )
    return f'<form autocomplete="off" novalidate hidden>{inside}{_RESET}</form>'


def _field(name: str, label: str, control: str, wide: bool) -> str:
    """A labelled control, with a place for what is to be said of it."""
    return (
        f'<div class="field{" wide" * wide}"><label for="calc-{name}">{escape(label)}</label>'
        f'{control}<p class="remark" id="calc-{name}-remark" hidden></p></div>'
    )


def _select(name: str, label: str, options: Mapping[str, str], wide: bool = False) -> str:
    inside = "".join(
        f'<option value="{escape(value)}">{escape(words)}</option>'
        for value, words in options.items()
    )
    control = (
        f'<select id="calc-{name}" name="{name}" aria-describedby="calc-{name}-remark">'
        f"{inside}</select>"
    )
    return _field(name, label, control, wide or name == "base")


def _number(name: str, label: str) -> str:
    control = (
        f'<input id="calc-{name}" name="{name}" type="number" inputmode="numeric" min="1" '
        f'max="{HIGHEST[name]}" step="1" aria-describedby="calc-{name}-remark">'
    )
    return _field(name, label, control, wide=False)


def _radios(name: str, label: str, options: Mapping[str, str]) -> str:
    inside = "".join(
        f'<label class="chip"><input type="radio" name="{name}" value="{value}">'
        f"<span>{escape(words)}</span></label>"
        for value, words in options.items()
    )
    return _group(name, label, f'<div class="chips">{inside}</div>')


def _group(name: str, label: str, inside: str) -> str:
    """Several controls of one question."""
    return (
        f'<div class="field wide" role="group" aria-labelledby="calc-{name}-label" '
        f'aria-describedby="calc-{name}-remark"><span class="label" id="calc-{name}-label">'
        f'{escape(label)}</span>{inside}<p class="remark" id="calc-{name}-remark" hidden></p>'
        "</div>"
    )


def _table(name: str, label: str, head: Iterable[str]) -> str:
    """An empty one, which scrolls by itself where it is too wide."""
    cells = "".join(f'<th scope="col">{escape(words)}</th>' for words in head)
    return (
        f'<div class="scrolls" tabindex="0" role="group" aria-label="{label}"><table class="plain" '
        f'data-table="{name}"><thead><tr>{cells}</tr></thead><tbody></tbody></table></div>'
    )


_RANKS = (
    '<div class="field ranks"><span class="label">often used</span><div class="presets">'
    + "".join(f'<button type="button" data-rank="{r}">{r}</button>' for r in (8, 16, 32, 64))
    + "</div></div>"
)
_MODULES = _group(
    "modules",
    "Modules, as target_modules names them",
    '<div class="chips" data-modules></div><div class="presets">'
    '<button type="button" data-preset="attention">q k v o</button>'
    '<button type="button" data-preset="seven">all seven</button></div>',
)
_RESET = (
    '<div class="presets"><button type="button" data-reset>The study\'s settings</button>'
    '<button type="button" data-copy="link">Copy a link to this result</button></div>'
)
_NOSCRIPT = (
    "<noscript><p><strong>The calculator computes in your browser, and needs JavaScript.</strong> "
    "Without it the command line gives the same: <code>python -m paper_repro count</code> and "
    "<code>python -m paper_repro estimate</code>.</p></noscript>"
)
_RESULT = (
    '<section class="result" aria-label="Result" hidden>'
    '<p class="headline" role="status" aria-live="polite"></p>'
    '<p class="note" data-out="unknown" hidden></p><div class="numbers">'
    '<dl class="tiles"></dl><figure class="sentence"><figcaption>The sentence for the paper'
    '<button type="button" data-copy="sentence">Copy</button></figcaption><blockquote>'
    '<p data-out="sentence"></p></blockquote></figure>'
    '<h2 class="head">In percent of what?</h2>'
    + _table("shares", "Percentages", ("of", "parameters", "percent"))
    + '<h2 class="head">Hours and memory by card</h2><p class="note" data-out="why" hidden></p>'
    '<div data-estimates><div class="stack" data-out="stack"></div>'
    + _table("cards", "Cards", ("card", "hours", "memory needed", "samples a pass"))
    + '<p class="note" data-out="measured"></p></div>'
    '<details class="counted"><summary>How the adapter is counted</summary>'
    + _table("layers", "Layers", ("layers", "of the", "copies", "inputs + outputs", "weights"))
    + '<p class="note">The same on the command line:</p>'
    '<pre><code data-out="command"></code></pre></details></div></section>'
)
assert WAY_WORDS.keys() == WAYS.keys()
