"""The page about runs on a GPU is drawn from the committed records, and they still hold."""

from __future__ import annotations

from pathlib import Path

from paper_repro.site.inserts.records import gpu_records, named
from paper_repro.study import load_study
from paper_repro.verify.finding import Stage
from paper_repro.verify.result import Report

RECORDS = Path(__file__).parents[2] / "docs" / "records"


def test_every_record_says_when_and_with_what() -> None:
    page = gpu_records(RECORDS)
    for path in RECORDS.glob("*.json"):
        run = Report.model_validate_json(path.read_text(encoding="utf-8")).run
        assert run["finished"][:10] in page
        assert f"torch {run['torch']}" in page
        assert path.name in page


def test_a_record_decides_the_claims_that_the_study_leaves_to_a_gpu_as_reviewed() -> None:
    study = load_study()
    asked = {claim.id: claim for claim in study.claims if Stage.GPU.value in claim.decided_by}
    assert asked
    for path in RECORDS.glob("*.json"):
        report = Report.model_validate_json(path.read_text(encoding="utf-8"))
        measured = {claim.id: claim for claim in report.claims if "gpu" in claim.stages}
        assert measured.keys() == asked.keys()
        assert all(measured[id].verdict is claim.reviewed for id, claim in asked.items())
        page = gpu_records(RECORDS)
        assert all(
            f"{claim.verdict}: [{id}](claims.md#{id})" in page for id, claim in measured.items()
        )


def test_only_libraries_that_matter_and_are_there_are_named() -> None:
    assert named({"numpy": "2.4", "peft": "0.21", "torch": "2.13"}) == "torch 2.13, peft 0.21"


def test_the_home_page_opens_with_claims_of_every_kind_of_verdict() -> None:
    from paper_repro.site.claims import inserts

    report = Report.model_validate_json(
        (RECORDS / "verify-nvidia-h200.json").read_text(encoding="utf-8")
    )
    lines = inserts(load_study(), report)["headlines"].splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "- **✗ contradicted",
        "- **✗ contradicted",
        "- **✓ holds",
        "- **? underdetermined",
    ]
