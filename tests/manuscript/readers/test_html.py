"""HTML as passages: what is prose, what is not, and where it stands."""

from __future__ import annotations

import pytest

from tests.manuscript.readers.reading import kinds, reading, stands_for, words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We <b>fine-tuned</b> the <i class='>'>2B</i> model.", "We fine-tuned the 2B model."),
        ("18.5&nbsp;M &#8211; &asymp;7 &lt; &#x2264; &bogus; A&B", "18.5 M – ≈7 < ≤ &bogus; A&B"),
        ("fine&shy;tuned 18.5&#8203;M", "finetuned 18.5M"),
        ("one\n  two<br>three<!-- four > --> five<!-- six > seven", "one two three five"),
        ("a < b and <a href=\"x>y\">c</a><? d ?> <img src='2B'>e", "a < b and c e"),
        ("so</script> it </q> is <a href='x", "so it ” is"),
        ("10<sup>6</sup> H<sub>2</sub>O", "10^6 H2O"),
        ("so <q>said</q> <script>2B</script>he", "so “said” he"),
        (r"of \(18{,}464 \le \alpha\) and \[r=16\] \( so", "of 18,464 ≤ \u03b1 and r=16 \\( so"),
        ("<math><mfrac><mi>a</mi><mn>2</mn></mfrac><annotation>2B</annotation></math>", "a/2"),
    ],
)
def test_markup_is_gone(tmp_path, text, said):
    assert words(reading(tmp_path, "a.html", f"<p>{text}")) == [said]


def test_kinds(tmp_path):
    text = (
        "<p><code>q_<b>proj</b></code> of <math><msup><mn>10</mn><mn>6</mn></msup><mo>=</mo>"
        "<msub><mi>r</mi><mi>a</mi></msub></math> <cite>[x]</cite> said<sup>12</sup>"
        " 5 <sup>3</sup> <kbd>k</p>"
    )
    (passage,) = reading(tmp_path, "a.htm", text).passages
    assert passage.text == "q_proj of 10^6=r_a [x] said^12 5 ^3 k"
    assert kinds(passage, "code") == ["q_proj", "k"]
    assert kinds(passage, "maths") == ["10^6=r_a"]
    assert kinds(passage, "reference") == ["[x]", "^12", "^3"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_character_has_its_place(tmp_path, end):
    text = f"\ufeff<html>{end}<p>So{end} 18&nbsp;M &amp; <b>5</b>6</p>"
    made = reading(tmp_path, "a.html", text)
    (passage,) = made.passages
    assert passage.text == "So 18 M & 56"
    assert stands_for(text, passage, "18 M &") == "18&nbsp;M &amp;"
    assert stands_for(text, passage, "56") == "5</b>6"
    assert made.place(passage.at(0)) == (2, 4) and made.place(passage.at(3)) == (3, 2)


def test_headings_quotations_and_code(tmp_path):
    text = (
        "<head><title>2B</title><style>2B</style></head><h1>One</h1>a b<h2>Two</h2><div>c<p>d</div>"
        "<blockquote><p>said<p>so</blockquote><pre>2B<b></pre><h1>Three<p>e<ul><li>f<li>g</ul>"
    )
    made = reading(tmp_path, "a.html", text)
    assert [(p.role, p.text, p.section) for p in made.passages] == [
        ("heading", "One", ()),
        ("paragraph", "a b", ("One",)),
        ("heading", "Two", ("One",)),
        ("paragraph", "c", ("One", "Two")),
        ("paragraph", "d", ("One", "Two")),
        ("quotation", "said", ("One", "Two")),
        ("quotation", "so", ("One", "Two")),
        ("heading", "Three", ()),
        ("paragraph", "e", ("Three",)),
        ("paragraph", "f", ("Three",)),
        ("paragraph", "g", ("Three",)),
    ]


def test_a_row_has_the_words_of_the_head(tmp_path):
    text = (
        "<table><caption>Cap</caption><thead><tr><th>Method<th colspan=2>Pa<b>rams</b></tr></thead>"
        "<tr><th>LoRA</th><td><p>18.5</p><p>M</p></td><td>4</td></tr>"
        "<tr><td>Full<td colspan='2'>2.2B</table>after"
        "<table><tr><td>a<td>b<tr><td>c<td>d</table>"
    )
    made = reading(tmp_path, "a.html", text)
    assert words(made) == [
        "Cap",
        "Method: LoRA | Params · LoRA: 18.5 M | Params · LoRA: 4",
        "Method: Full | Params · Full: 2.2B",
        "after",
        "a | b",
        "c | d",
    ]
    assert kinds(made.passages[1], "context") == ["Method: ", "Params · LoRA: ", "Params · LoRA: "]


def test_only_blocks_of_worth_are_read(tmp_path):
    text = (
        "<h1>Head</h1><p>dull<p>a 2B model<table><tr><th>2B<tr><td>x</table>"
        "<table><tr><th>a<tr><td>b</table>"
    )
    made = reading(tmp_path, "a.html", text, lambda raw: "2B" in raw)
    assert words(made) == ["Head", "a 2B model", "2B: x"]
