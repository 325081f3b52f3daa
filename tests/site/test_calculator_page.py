"""The calculator's page as a reader uses it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from paper_repro.counting.count import count
from paper_repro.counting.lora import parse_lora
from paper_repro.hardware.estimate import GIB
from paper_repro.hardware.gpus import gpus
from paper_repro.hardware.memory import held
from paper_repro.site.calculator.tables import HALVES
from tests.site.calculator_told import ATTENTION, OWN, SEVEN, START, base_of, by_card, told


def module(page: Any, name: str) -> Any:
    return page.locator(f'[name="modules"][value="{name}"]')


def chosen(page: Any) -> list[str]:
    checked = page.locator('[name="modules"]:checked')
    return list(checked.evaluate_all("all => all.map(e => e.value)"))


def headline(page: Any) -> str:
    return str(page.inner_text(".calculator .headline"))


def sentence(page: Any) -> str:
    return str(page.inner_text('[data-out="sentence"]'))


def remark(page: Any, name: str) -> str | None:
    """What is said beneath a field, to eyes and to screen readers."""
    said = page.locator(f"#{page.get_attribute(f'#calc-{name}', 'aria-describedby')}")
    return str(said.inner_text()) if said.is_visible() else None


def test_it_begins_with_the_studys_settings(calculator: Any) -> None:
    expected = told(START)
    assert headline(calculator).startswith(f"{expected['trained']:,} parameters are trained")
    assert calculator.input_value("#calc-base") == OWN
    assert calculator.input_value("#calc-rank") == str(START["rank"])
    assert chosen(calculator) == list(ATTENTION)
    row = calculator.inner_text('[data-table="cards"] .chosen')
    low, high = expected["estimates"][START["card"]]["hours"]
    assert f"{low:.2g} – {high:.2g}" in row
    assert "#" not in calculator.url


def test_a_reader_chooses_copies_and_comes_back_by_the_link(calculator: Any) -> None:
    calculator.select_option("#calc-base", "Qwen/Qwen2-VL-7B-Instruct")
    calculator.fill("#calc-rank", "32")
    calculator.get_by_role("button", name="all seven").click()
    calculator.get_by_label("none, 16 bits (LoRA)").click()
    calculator.select_option("#calc-way", "default")
    calculator.select_option("#calc-card", "a100")
    choice = START | {
        "base": "Qwen/Qwen2-VL-7B-Instruct",
        "rank": 32,
        "modules": list(SEVEN),
        "quantisation": HALVES,
        "way": "default",
        "card": "a100",
    }
    expected = told(choice)
    assert headline(calculator).startswith(f"{expected['trained']:,} parameters")
    calculator.get_by_role("button", name="Copy", exact=True).click()
    copied = calculator.evaluate("navigator.clipboard.readText()")
    assert copied == sentence(calculator) and f"{expected['trained']:,}" in copied
    calculator.get_by_role("button", name="Copy a link").click()
    link, before = (
        calculator.evaluate("navigator.clipboard.readText()"),
        calculator.inner_text(".result"),
    )
    assert link == calculator.url
    calculator.goto("about:blank")
    calculator.goto(link)
    assert sentence(calculator) == copied
    assert calculator.inner_text(".tiles") in before
    assert calculator.input_value("#calc-way") == "default"
    calculator.get_by_role("button", name="The study's settings").click()
    assert headline(calculator).startswith(f"{told(START)['trained']:,} parameters")


def test_the_command_that_it_shows_counts_the_same(calculator: Any) -> None:
    calculator.fill("#calc-rank", "24")
    calculator.click("summary")
    words = shlex.split(calculator.inner_text('[data-out="command"]'))
    assert words[:4] == ["python", "-m", "paper_repro", "count"]
    hub, lora, nf4 = words[4], words[6], words[8]
    counted = count(base_of(hub)[1], [parse_lora(lora)], nf4, name=hub)
    assert headline(calculator).startswith(f"{counted.trainable:,} parameters")
    last = calculator.inner_text('[data-table="layers"] tbody tr:last-child')
    assert f"{counted.trainable:,}" in last


def test_it_is_used_with_the_keyboard_alone(calculator: Any) -> None:
    calculator.focus("#calc-rank")
    calculator.keyboard.press("ArrowUp")
    assert calculator.input_value("#calc-rank") == "17"
    gate = module(calculator, "gate_proj")
    for _ in range(20):
        calculator.keyboard.press("Tab")
        if gate.evaluate("e => e === document.activeElement"):
            break
    calculator.keyboard.press("Space")
    assert gate.is_checked() and gate.evaluate("e => e === document.activeElement")
    expected = told(START | {"rank": 17, "modules": [*ATTENTION, "gate_proj"]})
    assert headline(calculator).startswith(f"{expected['trained']:,} parameters")


def test_all_linear_and_names_exclude_one_another(calculator: Any) -> None:
    module(calculator, "all-linear").click()
    assert chosen(calculator) == ["all-linear"]
    assert "Not estimated" in calculator.inner_text('[data-out="why"]')
    assert not calculator.locator('[data-table="cards"]').is_visible()
    module(calculator, "v_proj").click()
    assert chosen(calculator) == ["v_proj"]
    assert calculator.locator('[data-table="cards"]').is_visible()


def test_a_base_without_pictures_has_no_frames_and_other_ways(calculator: Any) -> None:
    assert remark(calculator, "frame") is None
    calculator.select_option("#calc-base", "meta-llama/Llama-3.1-8B")
    assert calculator.locator("#calc-frame").is_disabled()
    assert remark(calculator, "frame") == "Text model: no frame."
    offered = calculator.locator("#calc-way option:not([hidden])").evaluate_all(
        "all => all.map(e => e.value)"
    )
    assert offered == ["notebook", "notebook-fp16"]
    assert "Nobody timed this choice" in calculator.inner_text('[data-out="measured"]')
    calculator.get_by_role("button", name="The study's settings").click()
    assert "Held against timed steps" in calculator.inner_text('[data-out="measured"]')
    assert remark(calculator, "frame") is None


def test_the_bases_memory_is_told_by_the_form_it_is_in(calculator: Any) -> None:
    base = calculator.locator('[data-out="stack"] > ul > li').first
    forms = held(base_of(OWN)[1], quantised=True)
    layers, rest, again = (f"{part / GIB:.1f} GiB" for part in forms.values())
    assert base.locator("li").all_inner_texts() == [
        f"layers in NF4 {layers}",
        f"embeddings, norms in 32 bits {rest}",
        f"output embeddings again in 16 bits {again}",
    ]
    assert base.inner_text().startswith(f"base {sum(forms.values()) / GIB:.1f} GiB:")
    drawn = calculator.locator('[data-out="stack"] .bar i')
    widths = drawn.evaluate_all("all => all.map(e => parseFloat(e.style.width))")
    card = gpus()[START["card"]].memory
    parts = by_card(START)[START["card"]]["parts"]
    assert widths[:3] == [pytest.approx(100 * p / card, abs=0.01) for p in forms.values()]
    assert sum(widths) == pytest.approx(100 * sum(parts.values()) / card, abs=0.05)
    calculator.get_by_label("none, 16 bits (LoRA)").click()
    assert base.inner_text() == "base 4.1 GiB"


def test_the_studys_rows_are_not_told_of_another_base(calculator: Any) -> None:
    assert remark(calculator, "rows") is None and " on 9,125 rows, " in sentence(calculator)
    calculator.select_option("#calc-base", "mistralai/Mistral-7B-v0.1")
    assert "the sentence leaves it out" in str(remark(calculator, "rows"))
    link, without = calculator.url, sentence(calculator)
    assert "rows" not in without and "27,375 samples" in calculator.inner_text(".tiles")
    calculator.fill("#calc-rows", "9000")
    assert remark(calculator, "rows") is None and " on 9,000 rows, " in sentence(calculator)
    calculator.fill("#calc-rows", "0")
    assert str(remark(calculator, "rows")).startswith("Expected: a whole number")
    calculator.goto("about:blank")
    calculator.goto(link)
    assert sentence(calculator) == without


@pytest.mark.parametrize("typed", ["0", "", "1.5"])
def test_a_rank_that_is_none_is_answered_in_words(calculator: Any, typed: str) -> None:
    calculator.fill("#calc-rank", typed)
    assert headline(calculator) == "Rank: a whole number from 1 to 1,024 is expected."
    assert str(remark(calculator, "rank")).startswith("Expected: a whole number")
    assert calculator.get_attribute("#calc-rank", "aria-invalid") == "true"
    assert not calculator.locator(".tiles").is_visible()
    assert "NaN" not in calculator.inner_text("body") and "#" not in calculator.url
    calculator.fill("#calc-rank", "16")
    assert calculator.locator(".tiles").is_visible()


def test_without_modules_it_says_which_there_are(calculator: Any) -> None:
    for name in ATTENTION:
        module(calculator, name).click()
    assert headline(calculator).startswith("Modules: at least one of q_proj, k_proj")
    assert not calculator.locator(".tiles").is_visible()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("base=no/model&modules=q_proj", "base=no/model is not known here; below it is Qwen/"),
        (f"base={OWN}&modules=q_proj,nose", "modules=q_proj,nose is not known here"),
        (f"base={OWN}&modules=q_proj&way=default", "way=default is not known here"),
    ],
)
def test_a_link_that_it_does_not_understand_is_told(
    calculator: Any, calculator_site: Path, given: str, words: str
) -> None:
    calculator.goto("about:blank")
    calculator.goto(f"{(calculator_site / 'calculator.html').as_uri()}#{given}")
    assert words in calculator.inner_text('[data-out="unknown"]')
    calculator.fill("#calc-rank", "8")
    assert not calculator.locator('[data-out="unknown"]').is_visible()


def test_every_control_has_a_name_and_the_result_is_announced(calculator: Any) -> None:
    nameless = calculator.evaluate(
        "[...document.querySelectorAll('.calculator :is(input, select, button)')]"
        ".filter(e => !e.title)"
        ".filter(e => !(e.labels?.[0] ?? e).textContent.trim()).map(e => e.outerHTML)"
    )
    assert nameless == []
    assert calculator.get_attribute(".calculator .headline", "aria-live") == "polite"
    assert (
        calculator.locator("main [id]").evaluate_all(
            "all => all.map(e => e.id).filter((id, at, ids) => ids.indexOf(id) !== at)"
        )
        == []
    )
