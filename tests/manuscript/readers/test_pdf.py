"""PDFs as passages, and those that are refused."""

from __future__ import annotations

import io
import zlib

import pytest

from paper_repro.errors import UserError
from paper_repro.manuscript.readers import pdf as reader
from tests.manuscript.readers.reading import pdf, reading, stands_for, words

PAGES = (
    [
        "A title",
        "Abstract",
        "We fine-",
        "tuned the model in",
        "7 hours.",
        "1 Introduction",
        "Text.",
    ],
    ["More text of QLoRA-", "Based tuning.", "References", "[1] Smith. 4M parameters."],
    ["[2] Jones.", "Appendix A: Details", "Appendix B holds it."],
)


def locked(data, user):
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user, "owner", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def raw_pdf(content):
    """A PDF of one page with this content, packed."""
    stream = zlib.compress(content, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 5 0 R"
        b"/Resources<</Font<</F 3 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(stream), stream),
    ]
    made = b"%PDF-1.4\n"
    for number, each in enumerate(objects, 1):
        made += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    return made + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n0\n%%EOF"


def refused(tmp_path, data):
    with pytest.raises(UserError) as caught:
        reading(tmp_path, "a.pdf", data)
    return str(caught.value)


def test_pages_lines_and_headings(tmp_path):
    made = reading(tmp_path, "a.pdf", pdf(*PAGES))
    assert [(p.page, p.role, p.text, p.section) for p in made.passages] == [
        (1, "paragraph", "A title", ()),
        (1, "heading", "Abstract", ()),
        (1, "paragraph", "We finetuned the model in 7 hours.", ("Abstract",)),
        (1, "heading", "1 Introduction", ()),
        (1, "paragraph", "Text.", ("1 Introduction",)),
        (2, "paragraph", "More text of QLoRA- Based tuning.", ("1 Introduction",)),
        (2, "heading", "References", ()),
        (2, "paragraph", "[1] Smith. 4M parameters.", ("References",)),
        (3, "paragraph", "[2] Jones.", ("References",)),
        (3, "heading", "Appendix A: Details", ()),
        (3, "paragraph", "Appendix B holds it.", ("Appendix A: Details",)),
    ]
    assert not made.editable
    passage = made.passages[2]
    assert stands_for(made.source, passage, "finetuned") == "fine-\ntuned"
    assert made.source.split("\n")[made.place(passage.at(0))[0] - 1] == "We fine-"


def test_ligatures_are_written_out(tmp_path, monkeypatch):
    from pypdf import PageObject

    text = "e\ufb03cient \x1cne tuning of \ud800 it"
    monkeypatch.setattr(PageObject, "extract_text", lambda page: text)
    made = reading(tmp_path, "a.pdf", pdf(["x"]))
    assert words(made) == ["efficient fine tuning of \ufffd it"]


def test_an_empty_password_opens_it_and_another_does_not(tmp_path):
    assert words(reading(tmp_path, "a.pdf", locked(pdf(["Some words"]), ""))) == ["Some words"]
    said = refused(tmp_path, locked(pdf(["Some words"]), "secret"))
    assert "locked with a password" in said and "qpdf --decrypt" in said


def test_a_scan_needs_ocr(tmp_path):
    assert "OCR" in refused(tmp_path, pdf([], []))


def test_what_is_no_pdf(tmp_path, capfd):
    whole = pdf(*PAGES)
    for data in (b"", b"no", whole[:200], whole[: len(whole) // 2]):
        said = refused(tmp_path, data)
        assert "is not a PDF, or is broken" in said or "OCR" in said
    assert capfd.readouterr() == ("", "")


def test_warnings_of_pypdf_are_kept_off(tmp_path, capfd, caplog):
    made = reading(tmp_path, "a.pdf", raw_pdf(b"BT /F 9 Tf (Some words) Tj ET"))
    assert words(made) == ["Some words"]
    assert capfd.readouterr() == ("", "") and not caplog.records


def test_streams_that_explode_are_refused(tmp_path):
    assert "unpack to far too much" in refused(tmp_path, raw_pdf(bytes(100 << 20)))


def test_reading_ends_after_a_time_and_after_so_many_characters(tmp_path, monkeypatch):
    data = pdf(["one"], ["two"])
    monkeypatch.setattr(reader, "SECONDS", -1.0)
    assert "unpack to far too much" in refused(tmp_path, data)
    monkeypatch.undo()
    monkeypatch.setattr(reader, "LONGEST", 2)
    assert "unpack to far too much" in refused(tmp_path, data)


def test_only_paragraphs_of_worth_are_read(tmp_path):
    made = reading(tmp_path, "a.pdf", pdf(*PAGES), lambda raw: "hours" in raw)
    assert words(made)[:3] == ["Abstract", "We finetuned the model in 7 hours.", "1 Introduction"]
    assert len(made.passages) == 5
