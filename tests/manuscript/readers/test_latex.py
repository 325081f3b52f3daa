"""LaTeX as passages: what is prose, what is not, and where it stands."""

from __future__ import annotations

import pytest

from tests.manuscript.readers.reading import kinds, reading, stands_for, words


def one(tmp_path, text):
    (passage,) = reading(tmp_path, "a.tex", text).passages
    return passage


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"We \textbf{fine-tuned} \emph{the} {\bf 2B} model.", "We fine-tuned the 2B model."),
        (
            r"18{,}464{,}768 (18.5\,M, 18.5~M), 0.84\,\% \& 5\%",
            "18,464,768 (18.5 M, 18.5 M), 0.84 % & 5%",
        ),
        ("``so'' and `it' -- 6--8---and", "“so” and \u2018it' – 6–8—and"),
        (r"na\"ive caf\'{e} \c{c}a \ss\ \v{S}", "naïve café ça ß Š"),
        ("two\nlines % and {a comment\n  here", "two lines here"),
        ("18% no\n,464", "18,464"),
        (r"a \ours{} model, the \ours model, \ours", "a model, the model,"),
        (r"\foo{a}{b} \SIrange{6}{8}{\hour} \foo[x]{c}", "a b 6–8 hours c"),
        (
            r"\textcolor{red}{So} \href{http://a.b/c%20}{said} \vspace{2pt}here\label{a}",
            "So said here",
        ),
        (r"\enquote{so} 10\textsuperscript{6} \dots{} and\newline this", "“so” 10^6 … and this"),
        (r"\section*{}It is {unclosed and } closed }", "It is unclosed and closed"),
        (r"\begin{center}{\bf Bold}\end{center}", "Bold"),
        (r"\begin{minipage}[t]{5cm}Small\end{minipage}", "Small"),
        (r"costs 5$ here", "costs 5$ here"),
        ("$a$$b$ c", "ab c"),
        (r"a\footnote{b} c", "a c"),
        (r"fine\-tuned \LaTeX\ \today x", "finetuned LaTeX x"),
    ],
)
def test_markup_is_gone(tmp_path, text, said):
    assert reading(tmp_path, "a.tex", text).passages[0].text == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$18{,}464{,}768$", "18,464,768"),
        (r"\(18.5\times 10^{6}\)", "18.5×10^6"),
        (r"$18.5 \times 10^{6}$", "18.5 × 10^6"),
        (r"\[\approx 7\mathrm{M} \]", "≈7M"),
        (r"$\sim 18\text{ M}$", "~18 M"),
        (r"$r \in \{8, 16\}$", "r ∈ {8, 16}"),
        (r"$\alpha \le 5 < 6\,\% \pm 1$", "\u03b1 ≤ 5 < 6 % ± 1"),
        (
            r"\begin{equation} r_{\text{a}} &= \frac{\alpha}{2} \label{e} \end{equation}",
            "r_a = \u03b1/2",
        ),
        (r"$$\left( a--b'' \right)$$", "( a--b'' )"),
        (r"\ensuremath{r=16}", "r=16"),
    ],
)
def test_maths_is_plain_text(tmp_path, text, said):
    passage = one(tmp_path, f"So {text} it.")
    assert passage.text == f"So {said} it."
    assert [part.strip() for part in kinds(passage, "maths")] == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"\num{18464768}", "18464768"),
        (r"\num{18.5e6} \num{1.2 +- 0.1}", "18.5×10^6 1.2±0.1"),
        (r"\SI{7}{\hour}, \qty{1}{\hour}, \qty[a=b]{12}{\giga\byte}", "7 hours, 1 hour, 12 GB"),
        (r"\SI{0.9}{\percent} \SI{2}{\tera\byte\per\second}", "0.9 % 2 TB/s"),
        (
            r"\SIrange{6}{8}{\hour}, \qtyrange{6}{8}{\day}, \numrange{1}{2}",
            "6–8 hours, 6–8 days, 1–2",
        ),
        (r"\si{\minute} \num{5", "minutes 5"),
    ],
)
def test_siunitx(tmp_path, text, said):
    assert one(tmp_path, text).text == said


def test_each_character_has_its_place(tmp_path):
    text = (
        r"\begin{document}So $18{,}464$ is \num{9125}, 5\,\% \texttt{q\_proj} ``b''.\end{document}x"
    )
    passage = one(tmp_path, text)
    assert passage.text == "So 18,464 is 9125, 5 % q_proj “b”."
    for said, written in [
        ("18,464", "18{,}464"),
        ("9125", "9125"),
        ("5 %", r"5\,\%"),
        ("q_proj", r"q\_proj"),
        ("“b", "``b"),
    ]:
        assert stands_for(text, passage, said) == written
    assert passage.verbatim(passage.text.index("9125"), passage.text.index("9125") + 4)
    assert not passage.verbatim(3, 9)


def test_kinds(tmp_path):
    text = (
        r"\texttt{q\_proj} \verb|v_$| \lstinline!o! \cite{a,b} \citep[see][3]{c} \ref{d} \cref{e}"
        r" \url{http://a.b/c%20_d} \nocite{f}end"
    )
    passage = one(tmp_path, text)
    assert kinds(passage, "code") == ["q_proj", "v_$", "o"]
    assert kinds(passage, "reference") == [
        *["[cite]", "[cite]", "[ref]", "[ref]"],
        "http://a.b/c%20_d",
    ]
    assert passage.text.endswith("http://a.b/c%20_d end")


def test_sections_title_and_abstract(tmp_path):
    text = r"""\documentclass{a} 2B \title{The \emph{title}\thanks{To 2B}} \abstract{In short.}
\newcommand{\x}{2B}
\begin{document}\maketitle
\section[short]{One}\label{s}
a b
\subsection*{Two $r$}
c d
\paragraph{Three.} e f

\section{Four}
\end{document} 2B"""
    made = reading(tmp_path, "a.tex", text)
    assert [(p.role, p.text, p.section) for p in made.passages] == [
        ("heading", "The title", ()),
        ("paragraph", "To 2B", ("The title",)),
        ("paragraph", "In short.", ("The title",)),
        ("heading", "One", ("The title",)),
        ("paragraph", "a b", ("The title", "One")),
        ("heading", "Two r", ("The title", "One")),
        ("paragraph", "c d", ("The title", "One", "Two r")),
        ("heading", "Three.", ("The title", "One", "Two r")),
        ("paragraph", "e f", ("The title", "One", "Two r", "Three.")),
        ("heading", "Four", ("The title",)),
    ]


@pytest.mark.parametrize("name", ["verbatim", "lstlisting", "minted", "thebibliography", "comment"])
def test_code_and_the_bibliography_yield_nothing(tmp_path, name):
    made = reading(tmp_path, "a.tex", f"a\\begin{{{name}}}2B {{ $ %\n\n2B\\end{{{name}}}b")
    assert words(made) == ["a", "b"]


def test_code_that_does_not_end(tmp_path):
    assert words(reading(tmp_path, "a.tex", "a\\begin{verbatim}2B\n\nb")) == ["a"]


def test_quotations_lists_captions_and_footnotes(tmp_path):
    text = r"""Text\footnote{A \emph{note}.

Of two parts.} goes on.
\begin{quote}Said so\end{quote}
\begin{itemize}\item one \item two\end{itemize}
\begin{figure}[t]\includegraphics[width=1in]{2B.pdf}
\caption[short]{A caption\cite{a}.}\end{figure}"""
    made = reading(tmp_path, "a.tex", text)
    assert [(p.role, p.text) for p in made.passages] == [
        ("paragraph", "Text goes on."),
        ("paragraph", "A note. Of two parts."),
        ("quotation", "Said so"),
        ("paragraph", "one"),
        ("paragraph", "two"),
        ("paragraph", "A caption[cite]."),
    ]


def test_a_row_has_the_words_of_the_head(tmp_path):
    text = r"""\begin{table}\caption{Cap}
\resizebox{\textwidth}{!}{\begin{tabular*}{\textwidth}{@{}lcc@{}}
\toprule Method & \multicolumn{2}{c}{\textbf{Params}} & \\ \midrule
LoRA\footnote{See.} & $18.5$M & {a & b} & x\\[2pt] \cmidrule(lr){1-2}
\multirow{2}{*}{Full} \& all & 2.2B \\ \bottomrule
\end{tabular*}}\end{table}after"""
    made = reading(tmp_path, "a.tex", text)
    assert words(made) == [
        "Cap",
        "Method: LoRA | Params · LoRA: 18.5M | Params · LoRA: a b | LoRA: x",
        "Method: Full & all | Params · Full & all: 2.2B",
        "See.",
        "after",
    ]
    row = made.passages[1]
    assert kinds(row, "context") == ["Method: ", "Params · LoRA: ", "Params · LoRA: ", "LoRA: "]
    assert stands_for(text, row, "Params") == "Params"
    assert made.place(row.at(row.text.index("18.5")))[0] == 4


def test_a_caption_within_a_table_is_no_head(tmp_path):
    text = r"\begin{longtable}{ll}\caption{Cap}\\ Rank & Params\\ 16 & 18.5M\\\end{longtable}"
    assert words(reading(tmp_path, "a.tex", text)) == ["Rank: 16 | Params: 18.5M", "Cap"]


def test_nesting_without_end(tmp_path):
    for deep in ("{" * 50_000, "\\footnote{" * 5_000 + "a" + "}" * 5_000, "\\begin{a}" * 20_000):
        reading(tmp_path, "a.tex", f"one {deep} two")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_ends_of_lines(tmp_path, end):
    text = "\ufeffone % c\nor\ntwo\n\nthree %\n\n%\nfour\n".replace("\n", end)
    made = reading(tmp_path, "a.tex", text)
    assert words(made) == ["one or two", "three", "four"]
    assert [made.place(p.at(0)) for p in made.passages] == [(1, 1), (5, 1), (8, 1)]


def test_only_blocks_of_worth_are_read(tmp_path):
    text = "\\section{Head}\nDull\\footnote{Dull}\n\nA 2B model\\footnote{Dull}\n\nDull"
    made = reading(tmp_path, "a.tex", text, lambda raw: "2B" in raw)
    assert words(made) == ["Head", "A 2B model"]
