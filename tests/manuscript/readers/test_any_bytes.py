"""Whatever a file holds, it is read with every character in its place, or is a UserError."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paper_repro.errors import UserError
from paper_repro.manuscript.readers import SUFFIXES, html, latex, markdown, plain, read
from tests.manuscript.readers.reading import check_places, everything, pdf, saved, words

PIECES = {
    markdown: "# |## |**|*|_|`|``|[|]|](|(|)|[^1]|[^1]: |[@key]|$|$$|> |- |1. |---\n|&nbsp;|<b>"
    "|</b>|<!--|-->|![|http://a.b |<http://x>|    |\t|```\n|{|}|\\alpha|<div>|<td>|<sup>|[a]: b\n"
    "|===\n|\\|...\n",
    latex: "\\section{|}|{|$|$$|\\(|\\)|%|\\begin{tabular}{l}|\\end{tabular}|&|\\\\|\\end{equation}"
    "|\\begin{equation}|\\footnote{|\\caption{|\\cite{a}|\\SI{7}{\\hour}|\\num{|\\'|\\c|\\^\\i|~"
    "|---|``|''|\\verb+|+|\\foo{|[|]|\\sim |\\texttt{|\\frac{|\\begin{verbatim}|\\end{verbatim}"
    "|\\title{|\\item|\\begin{document}|\\end{document}|\\multicolumn{2}{c}{|\\url{|\\ |\\,|\\",
    html: "<p>|</p>|<code>|</code>|<h1>|</h1>|<table>|</table>|<tr>|<td>|<th colspan=3>|</td>|<!--"
    "|-->|<!|<?|>|<|&nbsp;|&#8211;|&#x110000;|&#0;|&bogus;|<blockquote>|<pre>|</pre>|<script>"
    '|<math>|</math>|<msup>|<mi>|</mi>|<sup>|</sup>|<q>|</q>|<br>|<a href="|"|=|<svg/>',
    plain: "-\n|ﬁ|fine-\ntuned|Head|References|.|  |\t",
}
SHARED = ["\n", "\n\n", "\r\n", "\r", "a", "b c", "18.5M", "é", "\u00a0", "\ufffd", "\u2028", "|"]
TABLE = "| a | b |\n|---|---|\n| c | d |\n"


def of_pieces(reader):
    pieces = [*PIECES[reader].split("|"), *SHARED, "\ufeff", TABLE]
    return st.lists(st.sampled_from(pieces), max_size=40).map("".join)


@pytest.mark.parametrize("reader", PIECES)
def test_every_character_is_from_its_place(reader):
    @settings(max_examples=300)
    @given(of_pieces(reader), st.sampled_from([everything, lambda raw: len(raw) % 3 == 0]))
    def check(text, worth):
        check_places(text, reader.passages(text, worth))

    check()


@pytest.mark.parametrize("reader", PIECES)
@given(
    paragraphs=st.lists(
        st.lists(st.sampled_from(["a", "bc", "Déjà", "vu."]), min_size=1, max_size=9)
    )
)
@settings(max_examples=50)
def test_no_word_is_lost_and_no_space_doubled(reader, paragraphs):
    text = "\n\n".join("\n".join(each) + " . ." for each in paragraphs)
    if reader is html:
        text = text.replace("\n\n", "<p>")
    said = [passage.text for passage in reader.passages(text, everything)]
    assert said == [" ".join([*each, ". ."]) for each in paragraphs]


def real_files():
    import docx

    document = docx.Document()
    document.add_heading("Head", 1)
    document.add_paragraph("Some words").add_run("6").font.superscript = True
    document.add_table(2, 2).cell(1, 1).text = "18.5M"
    return {
        ".docx": saved(document),
        ".pdf": pdf(["Head", "Some words"], ["More"]),
        ".md": f"# Head\n\nSome *words* `a` $x$\n\n{TABLE}".encode(),
        ".tex": rb"\section{a}\begin{tabular}{l}a&$b$\\c&d\end{tabular} \cite{a} 5\,\%",
        ".html": b"<h1>Head</h1><table><tr><th>a<td>b</table><p>&nbsp;<code>x</code>",
        ".txt": "Head\n\nSome eﬃcient wor-\nds\n".encode(),
    }


REAL = real_files()


def read_bytes(folder, suffix, data):
    path = folder / f"a{suffix}"
    path.write_bytes(data)
    try:
        made = read(path, everything)
    except UserError as error:
        assert error.next_command and str(path) in error.problem
        return None
    check_places(made.source, made.passages)
    assert "\ud800" not in made.source
    return made


def changed(data, places):
    made = bytearray(data)
    for place, byte in places:
        made[place % len(made)] = byte
    return bytes(made)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.binary(max_size=200))
@settings(max_examples=60)
def test_any_bytes(tmp_path_factory, suffix, data):
    folder = tmp_path_factory.getbasetemp()
    for start in (b"", REAL.get(suffix, b"")[:8]):
        read_bytes(folder, suffix, start + data)


@pytest.mark.parametrize("suffix", REAL)
@given(
    end=st.integers(0, 1 << 16),
    places=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6),
)
@settings(max_examples=60)
def test_files_that_were_cut_or_changed(tmp_path_factory, suffix, end, places):
    data = changed(REAL[suffix], places)
    folder = tmp_path_factory.getbasetemp()
    read_bytes(folder, suffix, data)
    read_bytes(folder, suffix, data[: end % len(data)])


@given(
    part=st.sampled_from(["word/document.xml", "word/styles.xml", "[Content_Types].xml"]),
    places=st.lists(
        st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=4
    ),
)
@settings(max_examples=80)
def test_word_files_whose_xml_was_changed(tmp_path_factory, part, places):
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(REAL[".docx"])) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, changed(data, places) if name == part else data)
    read_bytes(tmp_path_factory.getbasetemp(), ".docx", stream.getvalue())


@pytest.mark.parametrize("suffix", REAL)
def test_the_real_files_are_read(tmp_path, suffix):
    assert words(read_bytes(tmp_path, suffix, REAL[suffix]))
