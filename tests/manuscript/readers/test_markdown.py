"""Markdown as passages: what is prose, what is not, and where it stands."""

from __future__ import annotations

import pytest

from tests.manuscript.readers.reading import kinds, reading, stands_for, words


def one(tmp_path, text):
    (passage,) = reading(tmp_path, "a.md", text).passages
    return passage


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We **fine-tuned** the *2B* __model__.", "We fine-tuned the 2B model."),
        ("q_proj, v_proj and 5 * 3 * 2", "q_proj, v_proj and 5 * 3 * 2"),
        ("0.84* of **all", "0.84* of **all"),
        ("a\\*b and 18&nbsp;M, &asymp;7 &#8211; &#x2264; &bogus;", "a*b and 18 M, ≈7 – ≤ &bogus;"),
        ("two\nlines  \nand\\\nthree", "two lines and three"),
        ('see [the *paper*](http://a.b/c_d_e "t") now', "see the paper now"),
        ("see [the paper][p], [p] and [q]\n\n[p]: http://a.b", "see the paper, p and [q]"),
        ("an ![image of [x](y)](z.png) here", "an here"),
        ("as in [12] and [3, 4]", "as in [12] and [3, 4]"),
        ("10<sup>6</sup> <b>rows</b><br>here<!-- not\nthis -->", "10^6 rows here"),
        ("18.5\u00a0M, 18.5\u00adM", "18.5 M, 18.5M"),
        ("costs $5 and $6", "costs $5 and $6"),
        ("a *b * c* d", "a b * c d"),
        ("[a](_x) b_ and [a [b](http://c) @hu] x", "a b_ and [a b [cite]] x"),
        ("- \u2028\n  a b", "a b"),
        ("\ufeffa b", "a b"),
        ("nested [[12](http://a)] ok", "nested [12] ok"),
    ],
)
def test_inline_markup_is_gone(tmp_path, text, said):
    assert one(tmp_path, text).text == said


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_ends_of_lines_and_a_byte_order_mark_move_nothing(tmp_path, end, mark):
    text = mark + "# A head\n\n- one `q_proj`\n  and two\n\n> said\n".replace("\n", end)
    made = reading(tmp_path, "a.md", text)
    assert made.source == text and made.editable
    assert words(made) == ["A head", "one q_proj and two", "said"]
    assert [made.place(p.at(0)) for p in made.passages] == [(1, 3), (3, 3), (6, 3)]
    assert made.place(made.passages[1].at(11)) == (4, 3)


def test_kinds(tmp_path):
    passage = one(
        tmp_path,
        "`r=1` ``a `b` c`` $r=16$ [@hu2021; @b, p. 3] @hu2021 says <http://a.b> https://c.d/e_f.",
    )
    assert kinds(passage, "code") == ["r=1", "a `b` c"]
    assert kinds(passage, "maths") == ["r=16"]
    assert kinds(passage, "reference") == ["[cite]", "[cite]", "http://a.b", "https://c.d/e_f"]
    assert passage.text.endswith("[cite] [cite] says http://a.b https://c.d/e_f.")


def test_maths_is_plain_text(tmp_path):
    passage = one(tmp_path, r"of $18{,}464{,}768$ or $18.5\times 10^{6}$ and $\sim 18$M")
    assert passage.text == "of 18,464,768 or 18.5×10^6 and ~18M"
    assert stands_for(passage_source(tmp_path), passage, "18,464,768") == "18{,}464{,}768"


def passage_source(tmp_path):
    return (tmp_path / "a.md").read_text(encoding="utf-8")


def test_blocks_of_maths_are_passages(tmp_path):
    made = reading(tmp_path, "a.md", "Before\n\n$$\n\\alpha \\le 5\n$$\n\nafter")
    assert words(made) == ["Before", "\u03b1 ≤ 5", "after"]
    assert kinds(made.passages[1], "maths") == ["\u03b1 ≤ 5"]


def test_places_where_the_same_characters_stand_before(tmp_path):
    made = reading(tmp_path, "a.md", "1. 1\n\n|5|b|\n|-|-|\n| 5 | 5 |\n")
    assert [made.place(p.at(len(p.text) - 1)) for p in made.passages] == [(1, 4), (5, 7)]


def test_what_goes_over_lines_has_its_whole_place(tmp_path):
    text = "> As in [@hu2021;\n> @b] so"
    (passage,) = reading(tmp_path, "a.md", text).passages
    assert passage.text == "As in [cite] so"
    assert stands_for(text, passage, "[cite]") == "[@hu2021;\n> @b]"


def test_headings_are_the_section_of_what_follows(tmp_path):
    text = "# One `c`\n\na b\n\nTwo\n---\n\nc d\n\n### Three ###\n\ne f\n\n# Four\n\ng h\n"
    made = reading(tmp_path, "a.md", text)
    assert [(p.role, p.text, p.section) for p in made.passages] == [
        ("heading", "One c", ()),
        ("paragraph", "a b", ("One c",)),
        ("heading", "Two", ("One c",)),
        ("paragraph", "c d", ("One c", "Two")),
        ("heading", "Three", ("One c", "Two")),
        ("paragraph", "e f", ("One c", "Two", "Three")),
        ("heading", "Four", ()),
        ("paragraph", "g h", ("Four",)),
    ]


def test_code_and_front_matter_yield_nothing(tmp_path):
    text = "---\ntitle: a 2B model\n---\n\n```\n2B\n\nmodel\n```\n\n    2B model\n\n~~~ x\n2B\n"
    assert not reading(tmp_path, "a.md", text).passages


def test_quotations_and_footnotes(tmp_path):
    text = "A[^1] claim.\n\n> Said\n> so\n\n[^1]: The *note*.\n\nMore"
    made = reading(tmp_path, "a.md", text)
    assert [(p.role, p.text) for p in made.passages] == [
        ("paragraph", "A claim."),
        ("quotation", "Said so"),
        ("paragraph", "The note."),
        ("paragraph", "More"),
    ]


def test_a_row_has_the_words_of_the_head(tmp_path):
    text = (
        "> | Method | Trainable *params* | |\n> |---|--:|---|\n"
        "> | LoRA \\| x | `18.5M` | |\n> | None |\n"
    )
    made = reading(tmp_path, "a.md", text)
    assert words(made) == ["Method: LoRA | x | Trainable params · LoRA | x: 18.5M", "Method: None"]
    assert kinds(made.passages[0], "context") == ["Method: ", "Trainable params · LoRA | x: "]
    assert kinds(made.passages[0], "code") == ["18.5M"]
    assert made.place(made.passages[0].at(0)) == (1, 5)
    assert made.place(made.passages[0].at(made.passages[0].text.index("18.5M"))) == (3, 18)


def test_html_in_markdown_is_read_as_html(tmp_path):
    made = reading(tmp_path, "a.md", "One\n\n<div><p>Two &lt; <b>3</b></p>\n<pre>4</pre></div>\n")
    assert words(made) == ["One", "Two < 3"]


def test_only_blocks_of_worth_are_read(tmp_path):
    text = (
        "# Head\n\nDull words\nof two lines\n\n- item 2B\n\n  Dull in item\n\n  2B in item\n\n"
        "Dull\n\n    2B code\n\n```\nDull\n\n2B\n```\n\n"
        "<!-- 2B\n\nDull -->\n\nLast *2B*\n\n$$\n2B\n\nDull $$\n"
    )
    made = reading(tmp_path, "a.md", text, lambda raw: "2B" in raw)
    assert words(made) == ["Head", "item 2B", "2B in item", "Last 2B", "2B Dull"]
    everywhere = reading(tmp_path, "a.md", text)
    assert [p for p in everywhere.passages if "2B" in p.text or p.role == "heading"] == [
        *made.passages
    ]


def test_what_is_passed_over_still_ends_a_list(tmp_path):
    text = "- 2B\n\nDull words\n\n    2B code\n"
    assert words(reading(tmp_path, "a.md", text, lambda raw: "2B" in raw)) == ["2B"]
    assert words(reading(tmp_path, "a.md", text, lambda raw: len(raw) < 5)) == ["2B"]
