"""Every generated part, by the name at which a written page takes it."""

from __future__ import annotations

from pathlib import Path

from paper_repro.site.calculator.form import calculator_part
from paper_repro.site.claims import inserts
from paper_repro.site.inserts.bench import bench_part
from paper_repro.site.inserts.calibration import calibration_part
from paper_repro.site.inserts.citation import citation_part
from paper_repro.site.inserts.corrections import corrections_part, repetition
from paper_repro.site.inserts.cpu_steps import cpu_steps_part
from paper_repro.site.inserts.full_size import full_size_part
from paper_repro.site.inserts.hours import hours_part
from paper_repro.site.inserts.levels import levels_parts
from paper_repro.site.inserts.manuscripts import error_rate_part, first_contact_part, rules_part
from paper_repro.site.inserts.manuscripts import speed_part as manuscript_speed_part
from paper_repro.site.inserts.methods import methods_parts
from paper_repro.site.inserts.miniature import miniature_part
from paper_repro.site.inserts.questions import questions_part
from paper_repro.site.inserts.records import gpu_records
from paper_repro.site.inserts.scale_out import scale_out_part
from paper_repro.site.inserts.sentences import sentence_parts
from paper_repro.site.inserts.speed import speed_part
from paper_repro.site.inserts.step_profile import step_profile_part
from paper_repro.site.inserts.steps import steps_parts
from paper_repro.site.inserts.terminology import say_this_part
from paper_repro.site.inserts.training import training_part
from paper_repro.study import load_study
from paper_repro.verify.result import Report

MEASURED = "benchmarks/records"


def inserted(root: Path, report: Report) -> dict[str, str]:
    """What stands at ``<!-- insert: NAME -->``, by name.

    Args:
        root: a checkout of the repository, whose records are shown.
        report: of the built-in study.
    """
    study, measured = load_study(), root / MEASURED
    return {
        **inserts(study, report),
        **sentence_parts(study, report),
        **methods_parts(study),
        **levels_parts(study, report),
        **steps_parts(study),
        "questions": questions_part(report),
        "corrections": corrections_part(report),
        "repetition": f"{repetition(report)}.",
        "say-this": say_this_part(),
        "citation": citation_part(root),
        "calculator": calculator_part(),
        "gpu-records": gpu_records(root / "docs" / "records"),
        "miniature": miniature_part(measured / "miniature.json"),
        "full-size": full_size_part(measured / "full-size.json"),
        "hours": hours_part(study),
        "calibration": calibration_part(study),
        "bench": bench_part(measured),
        "training-kinds": training_part(study),
        "scale-out": scale_out_part(measured / "scale-out.json"),
        "cpu-steps": cpu_steps_part(measured / "cpu-steps.json"),
        "speed": speed_part(measured / "speed.json"),
        "step-profile": step_profile_part(measured / "step-profile.json"),
        "term-rules": rules_part(),
        "error-rate": error_rate_part(measured / "manuscripts.json"),
        "first-contact": first_contact_part(measured / "manuscripts-unseen.json"),
        "manuscript-speed": manuscript_speed_part(measured / "manuscript-speed.json"),
    }
