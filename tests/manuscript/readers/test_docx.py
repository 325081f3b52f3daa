"""Word's files as passages, and those that are refused."""

from __future__ import annotations

import io
import zipfile

import pytest

from paper_repro.errors import UserError
from tests.manuscript.readers.reading import kinds, reading, saved, words

ENTITIES = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(8))
BOMB = f'<!DOCTYPE x [<!ENTITY e0 "{"lol" * 10}">{ENTITIES}]>'
MATHS = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def empty():
    import docx

    return docx.Document()


def xml(text):
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    first, rest = text.split(">", 1)
    return parse_xml(f'{first} {nsdecls("w")} xmlns:m="{MATHS}">{rest}')


def packed(document, change=lambda text: text, **more):
    """A document's bytes with its text changed, and with more parts."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(document))) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                data = change(data.decode()).encode()
            new.writestr(name, data)
        for name, data in more.items():
            new.writestr(name, data)
    return stream.getvalue()


def test_paragraphs_in_the_order_of_the_document(tmp_path):
    document = empty()
    document.add_heading("The title", 0)
    document.add_heading("One", 1)
    document.add_paragraph("We  fine-tuned\tthe\nmodel.")
    document.add_heading("Two", 2)
    table = document.add_table(rows=3, cols=3)
    for row, cells in enumerate(
        [("Method", "Params", "Time"), ("LoRA", "18.5M", "7 h"), ("", "", "8 h")]
    ):
        for column, words_ in enumerate(cells):
            table.cell(row, column).text = words_
    table.cell(2, 0).merge(table.cell(2, 1)).text = "Full"
    document.add_paragraph("Said so", style="Quote")
    document.add_paragraph("2B", style="macro")
    document.add_heading("Three", 1)
    document.add_paragraph("Last.")
    made = reading(tmp_path, "a.docx", saved(document))
    assert [(p.role, p.text, p.section) for p in made.passages] == [
        ("heading", "The title", ()),
        ("heading", "One", ("The title",)),
        ("paragraph", "We fine-tuned the model.", ("The title", "One")),
        ("heading", "Two", ("The title", "One")),
        (
            "paragraph",
            "Method: LoRA | Params · LoRA: 18.5M | Time · LoRA: 7 h",
            ("The title", "One", "Two"),
        ),
        ("paragraph", "Method: Full | Time · Full: 8 h", ("The title", "One", "Two")),
        ("quotation", "Said so", ("The title", "One", "Two")),
        ("heading", "Three", ("The title",)),
        ("paragraph", "Last.", ("The title", "Three")),
    ]
    assert not made.editable
    assert made.source.split("\n")[4:7] == [
        "Method | Params | Time",
        "LoRA | 18.5M | 7 h",
        "Full | 8 h",
    ]
    row = made.passages[4]
    assert kinds(row, "context") == ["Method: ", "Params · LoRA: ", "Time · LoRA: "]
    assert made.place(row.at(row.text.index("18.5M"))) == (6, 8)
    assert made.place(made.passages[-1].at(0)) == (11, 1)


def test_what_stands_within_a_paragraph(tmp_path):
    document = empty()
    paragraph = document.add_paragraph("10")
    paragraph.add_run("6").font.superscript = True
    paragraph.add_run(" rows, said")
    for digit in "12":
        paragraph.add_run(digit).font.superscript = True
    for part in (
        "<w:ins><w:r><w:t> added</w:t></w:r></w:ins>",
        "<w:del><w:r><w:delText> gone</w:delText></w:r></w:del>",
        "<w:moveFrom><w:r><w:t> gone</w:t></w:r></w:moveFrom>",
        "<w:r><w:br/><w:t>semi</w:t><w:noBreakHyphen/><w:t>dark </w:t></w:r>",
        "<m:oMath><m:sSup><m:e><m:r><m:t>10</m:t></m:r></m:e>"
        "<m:sup><m:r><m:t>7</m:t></m:r></m:sup></m:sSup></m:oMath>",
    ):
        paragraph._p.append(xml(part))
    control = "<w:sdt><w:sdtContent><w:p><w:r><w:t>Held</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    document.element.body.insert(1, xml(control))
    made = reading(tmp_path, "a.docx", saved(document))
    assert words(made) == ["10^6 rows, said^12 added semi-dark 10^7", "Held"]
    assert "".join(kinds(made.passages[0], "maths")) == "10^7"
    assert kinds(made.passages[0], "reference") == ["^1"]


def test_footnotes_come_last(tmp_path):
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part

    document = empty()
    document.add_heading("References", 1)
    notes = (
        f'<w:footnotes xmlns:w="{xml("<w:p></w:p>").nsmap["w"]}"><w:footnote w:type="separator">'
        "<w:p><w:r><w:t>2B</w:t></w:r></w:p></w:footnote><w:footnote w:id='1'>"
        "<w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    part = Part(PackURI("/word/footnotes.xml"), "application/xml", notes.encode())
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    made = reading(tmp_path, "a.docx", saved(document))
    assert [(p.text, p.section) for p in made.passages] == [("References", ()), ("A note.", ())]


def test_only_paragraphs_of_worth_are_read(tmp_path):
    document = empty()
    document.add_heading("Head", 1)
    document.add_paragraph("dull")
    document.add_paragraph("a 2B model")
    made = reading(tmp_path, "a.docx", saved(document), lambda raw: "2B" in raw)
    assert words(made) == ["Head", "a 2B model"]
    assert made.source == "Head\ndull\na 2B model"


def refused(tmp_path, data):
    with pytest.raises(UserError) as caught:
        reading(tmp_path, "a.docx", data)
    return str(caught.value)


def test_bombs_are_refused(tmp_path):
    assert "unpacks" in refused(tmp_path, packed(empty(), **{"word/a.bin": bytes(30 << 20)}))
    parts = {f"word/{n}.bin": bytes(9 << 20) for n in range(23)}
    assert "unpacks" in refused(tmp_path, packed(empty(), **parts))

    def with_entities(text):
        head, rest = text.split("?>", 1)
        bomb = "<w:p><w:r><w:t>&e8;</w:t></w:r></w:p></w:body>"
        return f"{head}?>{BOMB}{rest.replace('</w:body>', bomb)}"

    def with_a_file(text):
        head, rest = text.split("?>", 1)
        return f'{head}?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{rest}'

    assert "broken" in refused(tmp_path, packed(empty(), with_entities))
    assert "defines XML entities" in refused(tmp_path, packed(empty(), with_a_file))


def test_what_is_no_word_file(tmp_path):
    whole = saved(empty())
    deep = "<w:sdt><w:sdtContent>" * 5000
    for data in (
        b"",
        b"PK\x03\x04 no",
        whole[:-100],
        packed(empty(), lambda text: text[:-40]),
        packed(empty(), lambda text: text.replace("<w:body>", f"<w:body>{deep}")),
    ):
        said = refused(tmp_path, data)
        assert "is not a Word file" in said and "libreoffice" in said
