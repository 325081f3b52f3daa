"""The page of speed says what its record holds: a real run of the miniature, and that one bent."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from paper_repro.site.figures import GREY, TEAL
from paper_repro.site.inserts.speed import speed_part, summary
from paper_repro.site.inserts.speed_figure import LENGTH, bars, speed_figure
from paper_repro.site.inserts.speed_table import called, markdown, rounded
from tests.benchmarks.records import LARGER, PATH, SMALLER, one, tiny

SVG = "{http://www.w3.org/2000/svg}"
TRAINERS = ("package", "notebook", "trl")


@pytest.fixture
def record():
    return tiny()


def said(record, size=SMALLER) -> str:
    place = list(record["sizes"]).index(size)
    return list(summary(record))[place]


def set_speed(record, name, seconds, size=SMALLER):
    one(record, name, size)["per_sample"] = seconds


def test_it_says_when_where_and_with_which_versions(record):
    page = speed_part(PATH)
    where = record["where"]
    assert page.startswith('!!! note "From an earlier run"')
    assert where["date"] in page and where["card"] in page
    assert all(f"{name} {version}" in page for name, version in where["versions"].items())
    assert "`python -m benchmarks.speed --json speed.json`" in page and "within 1% and 5%." in page


def test_every_size_has_a_table_with_a_row_for_each_that_was_measured(record):
    lines = speed_part(PATH).splitlines()
    for size in (SMALLER, LARGER):
        start = lines.index(f"**Frames of {size.replace('x', ' × ')}**")
        rows = [line for line in lines[start + 4 : start + 7]]
        for name, row in zip(TRAINERS, rows, strict=True):
            found = one(record, name, size)
            ms = rounded(1e3 * found["per_sample"])
            assert row.startswith(f"| {called(record, name)} | {ms} (")
            assert row.endswith(f"| {found['share']:.1%} |")
        assert lines[start + 7] == ""
        first = lines.index(f"**First updates at {size.replace('x', ' × ')}**")
        for name, row in zip(TRAINERS, lines[first + 4 : first + 7], strict=True):
            found = one(record, name, size)
            loss, norm = (f"{100 * found['apart'][what]:.2g} %" for what in ("loss", "norm"))
            assert row == (
                f"| {called(record, name)} | {found['loss']:.4f} | {loss} | {found['norm']:.4f} "
                f"| {norm} | yes |"
            )
    changed = [line for line in lines if line.startswith("| without packing |")]
    assert [" × |" in line for line in changed] == [True, True, False, False]


def test_ratios_and_shares_are_computed_from_the_record(record):
    for name, seconds in (("package", 0.002), ("notebook", 0.09), ("trl", 0.005)):
        set_speed(record, name, seconds)
    one(record, "package").update(share=0.614, peak=int(7.25 * 2**30))
    words = said(record)
    assert "The package takes 2 ms a sample. That is 45 × as fast as the notebook's" in words
    version = record["contenders"]["trl"]["versions"]["trl"]
    assert f"It is 2.5 × as fast as trl {version}, the fastest other that agrees with it." in words
    assert "61% of the card's own rate" in words and "At most 7.2 GiB are allocated." in words
    one(record, "package")["peak"] = 0
    assert "GiB" not in said(record)


def test_the_fastest_other_is_one_whose_first_update_agrees(record):
    record["contenders"]["ms-swift"] = json.loads(json.dumps(record["contenders"]["trl"]))
    set_speed(record, "ms-swift", one(record, "package")["per_sample"] / 4)
    assert "0.25 × as fast as ms-swift, the fastest other that agrees" in said(record)
    one(record, "ms-swift")["agrees"] = False
    words = said(record)
    assert "as fast as trl" in words and "The first update of ms-swift is another one." in words
    one(record, "trl")["agrees"] = False
    words = said(record)
    assert "No other trainer whose first update agrees was measured." in words
    assert "ms-swift is another one" in words and "trl" in words


def test_a_package_that_does_not_compute_what_it_must_is_said_to(record):
    assert "must be" not in said(record)
    one(record, "package")["agrees"] = False
    assert "**Its first update is not what it must be.**" in said(record)
    assert "another one" not in said(record)


def test_what_was_not_measured_is_said(record):
    assert "**ms-swift** was not measured to its end: the Python module `swift`" in speed_part(PATH)
    del record["contenders"]["notebook"]
    assert "The notebook's set-up was not measured." in said(record)
    del record["contenders"]["package"]
    assert "The package was not measured." in said(record)
    assert "| – |" in markdown(record)


def test_what_each_contender_is_stands_below_the_tables(record):
    page = speed_part(PATH)
    for name, found in record["contenders"].items():
        assert f"- **{name}**: {found['what']}" in page


def test_libraries_of_a_contenders_own_are_named(record):
    assert called(record, "package") == "package"
    record["contenders"]["trl"]["versions"]["transformers"] = "5.0.0"
    assert called(record, "trl").endswith("(transformers 5.0.0)")


def test_the_figure_has_a_labelled_bar_for_every_trainer_at_every_size(record):
    one(record, "trl")["agrees"] = False
    figure = speed_figure(record)
    drawn = ElementTree.fromstring(figure.svg())
    assert len(drawn.findall(f".//{SVG}rect")) == 2 * len(TRAINERS)
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    for size in (SMALLER, LARGER):
        for name in TRAINERS:
            rate = rounded(1 / one(record, name, size)["per_sample"])
            assert any(text.startswith(rate) for text in words), (name, rate)
            assert rate in figure.description
    assert f"{called(record, 'trl')}, first update differs" in words
    own, trl = (one(record, name)["per_sample"] for name in ("package", "trl"))
    assert any(text.endswith(f"the package {rounded(trl / own)} × as fast") for text in words)


def test_bars_are_as_long_as_trainers_are_fast_and_the_package_has_its_colour(record):
    record["sizes"] = {SMALLER: record["sizes"][SMALLER]}
    for name, seconds in (("package", 0.1), ("notebook", 0.4), ("trl", 0.2)):
        set_speed(record, name, seconds)
    assert [bar.name for bar in bars(record, SMALLER)] == ["package", "trl", "notebook"]
    figure = speed_figure(record)
    drawn = ElementTree.fromstring(figure.svg())
    rects = [(r.get("fill"), float(r.get("width"))) for r in drawn.iter(f"{SVG}rect")]
    assert rects == [(TEAL, LENGTH), (GREY, LENGTH / 2), (GREY, LENGTH / 4)]
    bottoms = [float(r.get("y")) + float(r.get("height")) for r in drawn.iter(f"{SVG}rect")]
    assert max(bottoms) <= figure.height


def test_a_record_of_something_else_is_refused(tmp_path):
    (tmp_path / "record.json").write_text("{}")
    with pytest.raises(KeyError):
        speed_part(tmp_path / "record.json")
