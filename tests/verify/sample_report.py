"""A report for the tests of reports: every verdict, every level, and quotes of every shape."""

from __future__ import annotations

from collections import Counter
from typing import Any

from paper_repro.judging import Verdict
from paper_repro.verify.result import ClaimResult, Report, StageResult, VariantResult

VERIFY = "python -m paper_repro verify"


def claim(id: str, quote: str, place: str, verdict: str, **fields: Any) -> ClaimResult:
    """A claim with everything empty that is not given."""
    empty: dict[str, Any] = {
        "printed": None,
        "states": None,
        "variant": "",
        "quantity": "model.parameters",
        "unit": "parameters",
        "denominator": "",
        "found": None,
        "found_text": "",
        "formula": "",
        "evidence": "",
        "stages": [],
        "reviewed": verdict,
        "by_variant": {},
        "explanation": "",
        "reconciles": [],
        "reason": "",
        "consequence": "",
    }
    given = {"id": id, "level": int(id[1]), "quote": quote, "place": place, "verdict": verdict}
    command = {"command": f"{VERIFY} --only {id}"}
    return ClaimResult.model_validate(empty | given | command | fields)


def variant(found: Any, text: str, formula: str, verdict: str) -> VariantResult:
    return VariantResult(found=found, found_text=text, formula=formula, verdict=Verdict(verdict))


def _count(printed_verdicts: tuple[str, str, str]) -> dict[str, VariantResult]:
    notebook, stated, seven = printed_verdicts
    return {
        "notebook": variant(
            32571392,
            "32,571,392 parameters",
            "4,358,144 (re-initialised q, k, v, o at r=16) + 28,213,248 (gate, up, down at r=32)",
            notebook,
        ),
        "stated": variant(
            4358144,
            "4,358,144 parameters",
            "28 × 16 × (q 3,072 + k 1,792 + v 1,792 + o 3,072) = 4,358,144",
            stated,
        ),
        "seven-modules": variant(
            18464768,
            "18,464,768 parameters",
            "28 × 16 × (9,728 of q, k, v, o + 31,488 of gate, up, down) = 18,464,768",
            seven,
        ),
    }


WRONG_BUT_SEVEN = ("contradicted", "contradicted", "holds when rounded")

CLAIMS = [
    claim(
        "L0.base.hub",
        "Model: Qwen/Qwen2-VL-2B-Instruct",
        "The Training Hierarchy › Level 0: Pre-training (Done by Alibaba), line 40",
        "holds",
        states="Qwen/Qwen2-VL-2B-Instruct",
        quantity="model.id",
        unit="text",
        found="Qwen/Qwen2-VL-2B-Instruct",
        found_text="Qwen/Qwen2-VL-2B-Instruct",
        formula="`from_pretrained` in the loading cell",
        evidence="derived",
        stages=["arithmetic"],
        explanation="The cells load this repository by name.",
        consequence="Everything else is counted on this base.",
    ),
    claim(
        "L0.base.count-breakdown",
        "├── Qwen2-VL-2B-Instruct:     2,000,000,000 params (FROZEN)",
        "Parameter Breakdown, line 225",
        "contradicted",
        printed="2,000,000,000",
        found=2208985600,
        found_text="2,208,985,600 parameters",
        formula="vision 665,271,296 + language 1,543,714,304 = 2,208,985,600",
        evidence="instantiated",
        stages=["arithmetic", "instantiate"],
        explanation="Ten digits are printed for what is the *name* of a size class. The base, "
        "with its tied embedding counted once, has 2,208,985,600 parameters.",
        consequence="Every percentage in the document is taken of a base that is 209 M too small.",
    ),
    claim(
        "L0.scratch.count",
        "❌ Raw data → Train Qwen2-VL from zero → 175B parameters",
        "What We're Actually Doing › NOT This (Retraining from Scratch):, line 17",
        "contradicted",
        printed="175B",
        found=2208985600,
        found_text="2,208,985,600 parameters",
        formula="vision 665,271,296 + language 1,543,714,304 = 2,208,985,600",
        evidence="instantiated",
        stages=["arithmetic", "instantiate"],
        explanation="Training from zero gives the same architecture; 175B is another model.",
        consequence="A reviewer will stop here.",
    ),
    claim(
        "L0.cost",
        "Cost: $10M+",
        "The Training Hierarchy › Level 0: Pre-training (Done by Alibaba), line 44",
        "contradicted",
        printed="$10M+",
        quantity="pretraining.cost",
        unit="US dollars",
        found={"low": 151000.0, "high": 1420000.0},
        found_text="151,000 to 1,420,000 US dollars",
        formula="6 × 1.54 B × 7 T + 6 × 2.21 B × 1.4 T FLOP, 30–50 % of 312 TFLOP/s, 1–4 $/h",
        evidence="derived",
        stages=["arithmetic"],
        explanation="Published token counts bound the final run; failed runs are not in them.",
        consequence="Leave the sentence out: nothing rests on it.",
    ),
    claim(
        "L0.duration",
        "Time: Months with 1000s of GPUs",
        "The Training Hierarchy › Level 0: Pre-training (Done by Alibaba), line 43",
        "underdetermined",
        printed="1000s",
        quantity="pretraining.gpus",
        unit="GPUs",
        found={"low": 46.0, "high": None},
        found_text="at least 46 GPUs",
        formula="151,000 GPU h ÷ (4.5 months × 730 h) ≈ 46",
        evidence="derived",
        stages=["arithmetic"],
        explanation="The hours are bounded, how many cards shared them is not published.",
        consequence="Cite the base's own paper or say nothing.",
    ),
    claim(
        "L1.adapter.count",
        "│ pitvqa-qwen2vl-unified (32M LoRA adapters)             │",
        "Visual Representation, line 113",
        "contradicted",
        printed="32M",
        quantity="adapter.parameters",
        variant="stated",
        found=36929536,
        found_text="36,929,536 parameters",
        formula="28 × 32 × (9,728 of q, k, v, o + 31,488 of gate, up, down) = 36,929,536",
        evidence="instantiated",
        stages=["arithmetic", "instantiate"],
        explanation="r=32 on seven modules. No usual rank prints as 32M.",
        consequence="The size of Level 1 in every table of the paper.",
    ),
    claim(
        "L1.frozen",
        "# Step 2: Load YOUR existing adapter (FROZEN)\nmodel = PeftModel.from_pretrained(\n"
        '    base_model,\n    "mmrech/pitvqa-qwen2vl-unified",  # ← Your classification adapter\n'
        "    is_trainable=True,\n)",
        "Looking at the Notebook Code › What the Notebook Actually Does:, line 80",
        "contradicted",
        states=True,
        quantity="lower.unchanged",
        unit="truth",
        variant="notebook",
        found=False,
        found_text="no",
        formula="SHA-256 of 196 Level-1 tensors before and after 4 steps: 196 of 196 differ",
        evidence="measured here",
        stages=["train"],
        by_variant={
            "notebook": variant(False, "no", "196 of 196 tensors differ", "contradicted"),
            "stated": variant(True, "yes", "0 of 392 tensors differ", "holds"),
        },
        explanation="`is_trainable=True` unfreezes it, and the second wrap has the same adapter "
        "name, `default`: q, k, v and o start afresh and gate, up and down train on.",
        reconciles=["variant stated: yes"],
        consequence="Level 1 is neither intact nor frozen in the notebook's run.",
    ),
    claim(
        "L1.tasks",
        "Training: Classification tasks (phases, steps, instruments)",
        "The Training Hierarchy › Level 1: Classification Fine-Tuning (Already Done), line 52",
        "contradicted",
        states=["instruments", "phases", "steps"],
        quantity="dataset.tasks",
        unit="names",
        found=["anatomy pointing", "instrument pointing", "phases", "steps"],
        found_text="anatomy pointing, instrument pointing, phases, steps",
        formula="task_type of the data set's rows, as the study records them",
        evidence="author's log",
        stages=["arithmetic"],
        explanation="Two of its four tasks are pointing, which is spatial localisation.",
        consequence="Level 1 has seen coordinates before Level 2 teaches them.",
    ),
    claim(
        "L1.dataset.rows",
        "Dataset: mmrech/pitvqa-unified-vlm (5,184 samples)",
        "The Training Hierarchy › Level 1: Classification Fine-Tuning (Already Done), line 53",
        "not checked",
        printed="5,184",
        quantity="hub.rows",
        unit="rows",
        reason="stage hub was not selected",
        consequence="The size of Level 1's data.",
        command=f"{VERIFY} --stage hub --only L1.dataset.rows",
    ),
    claim(
        "L2.trainable.count",
        "trainer.train()  # Only 18M parameters updated!",
        "Looking at the Notebook Code › What the Notebook Actually Does:, line 97",
        "contradicted",
        printed="18M",
        quantity="trainable.parameters",
        variant="notebook",
        found=32571392,
        found_text="32,571,392 parameters",
        formula="4,358,144 (re-initialised q, k, v, o at r=16) + 28,213,248 (gate, up, down at "
        "r=32) = 32,571,392",
        evidence="instantiated",
        stages=["arithmetic", "instantiate"],
        by_variant=_count(WRONG_BUT_SEVEN),
        explanation="The notebook's cells, replayed in their order under the real PEFT, leave "
        "32,571,392 parameters trainable. 18M is what r=16 on all seven modules gives.",
        reconciles=["variant seven-modules: 18,464,768 parameters"],
        consequence="The paper's headline number describes another run than its code.",
    ),
    claim(
        "L2.trainable.percent",
        "Total trainable:                 18,000,000 params (0.9% of total)",
        "Parameter Breakdown, line 229",
        "holds under another convention",
        printed="0.9%",
        quantity="document.percent",
        unit="percent",
        denominator="total",
        found=0.8780487804878049,
        found_text="0.878 %",
        formula="18,000,000 ÷ 2,050,000,000 = 0.878 %",
        evidence="derived",
        stages=["arithmetic"],
        explanation="It holds of the document's own sum, and not of the model's true total.",
        reconciles=["of the document's own sum (2.05 B): 0.878 %", "of nominal 2 B: 0.9 %"],
        consequence="Name the denominator once and use it throughout.",
    ),
    claim(
        "L2.r",
        "    r=16,  # NEW spatial adapter",
        "Looking at the Notebook Code › What the Notebook Actually Does:, line 89",
        "holds",
        printed="16",
        quantity="adapter.r",
        unit="rank",
        variant="notebook",
        found=16,
        found_text="16",
        formula="r of LoraConfig",
        evidence="derived",
        stages=["arithmetic"],
        explanation="The configuration says so, and the tensors that it makes do too.",
        consequence="Half of what fixes an adapter's size.",
    ),
    claim(
        "L2.base-trainable",
        "- Qwen2-VL base: **0 parameters** (frozen)",
        "Reproducibility Clarification › Total Parameters Updated:, line 160",
        "holds",
        printed="0",
        quantity="base.trainable",
        variant="notebook",
        found=0,
        found_text="0 parameters",
        formula="no base tensor requires a gradient; SHA-256 of 338 base tensors: 0 differ",
        evidence="measured here",
        stages=["instantiate", "train"],
        explanation="True in every variant.",
        consequence="The one claim on which the method's name rests.",
    ),
    claim(
        "L2.adapter.count-model-list",
        "  - Size: 18M adapter parameters",
        "The Models You Use › From Your Account (Fine-tuned):, line 284",
        "holds when rounded",
        printed="18M",
        quantity="hub.parameters",
        variant="seven-modules",
        found=18464768,
        found_text="18,464,768 parameters",
        formula="sum of 392 tensor shapes in the published header",
        evidence="read from the hub",
        stages=["hub"],
        by_variant=_count(WRONG_BUT_SEVEN),
        explanation="The published adapter's header, read by a range request.",
        consequence="Says which run the published weights come from.",
    ),
    claim(
        "L2.hours",
        "│ Time: 6-8 hours on T4 GPU                               │",
        "Visual Representation, line 122",
        "underdetermined",
        printed="6-8",
        quantity="run.hours",
        unit="hours",
        variant="notebook",
        found={"low": 5.1, "high": 31.0},
        found_text="5.1 to 31 hours",
        formula="27,375 passes × 6.2 TFLOP ÷ (3 to 18 TFLOP/s) = 5.1 to 31 h",
        evidence="derived",
        stages=["arithmetic"],
        explanation="A T4 has no bf16 units; how far emulation slows it is not in the record.",
        consequence="Whether a free session is long enough.",
    ),
    claim(
        "L2.even-better",
        '"We employed parameter-efficient fine-tuning (LoRA, r=16) on the pre-trained\n'
        "Qwen2-VL-2B-Instruct model, training only 18M adapter parameters while\n"
        'keeping the 2B base model frozen."',
        "For Your Paper - Correct Terminology › ✅ Even Better:, line 305",
        "contradicted",
        printed="18M",
        quantity="trainable.parameters",
        variant="stated",
        found=4358144,
        found_text="4,358,144 parameters",
        formula="28 × 16 × (q 3,072 + k 1,792 + v 1,792 + o 3,072) = 4,358,144",
        evidence="instantiated",
        stages=["arithmetic", "instantiate"],
        by_variant=_count(WRONG_BUT_SEVEN),
        explanation="r=16 on q, k, v and o gives 4,358,144; the sentence needs the modules too.",
        reconciles=["variant seven-modules: 18,464,768 parameters"],
        consequence="This is the sentence that would be pasted into the paper.",
    ),
    claim(
        "L2.option-a",
        "# Ready to use!",
        "✅ What You Can Reproduce › Option A: Use Existing Model (0 minutes), line 181",
        "check failed",
        states=True,
        quantity="reload.changes_base",
        unit="truth",
        variant="notebook",
        reviewed="contradicted",
        reason="stage train: RuntimeError: no space left on device | while saving <adapter>",
        explanation="A saved adapter has to change the outputs of the model it is loaded on.",
        consequence="Readers would evaluate the bare base without noticing.",
    ),
    claim(
        "L2.terms",
        '| "Retrain from scratch" | Fine-tune adapters |',
        "Why This Confusion? › Common Terminology Issue:, line 209",
        "holds",
        states="LoRA",
        quantity="run.method",
        unit="text",
        found="LoRA",
        found_text="LoRA",
        formula="peft_type of the adapter's config",
        evidence="derived",
        stages=["arithmetic"],
        explanation="Only adapters train; <b>nothing</b> starts from scratch & `a|b` is code.",
        consequence="Terms.",
    ),
]

STAGES = [
    StageResult(name="arithmetic", status="ran", reason="", command=f"{VERIFY} --stage arithmetic"),
    StageResult(
        name="instantiate", status="ran", reason="", command=f"{VERIFY} --stage instantiate"
    ),
    StageResult(
        name="train",
        status="failed",
        reason="RuntimeError: no space left on device | while saving <adapter>",
        command=f"{VERIFY} --stage train",
    ),
    StageResult(
        name="gpu",
        status="unavailable",
        reason="PyTorch finds no CUDA device here",
        command=f"{VERIFY} --stage gpu",
    ),
    StageResult(
        name="hub",
        status="not selected",
        reason="stage hub was not selected",
        command=f"{VERIFY} --stage hub",
    ),
]


def sample_report(claims: list[ClaimResult] | None = None, **run: str) -> Report:
    """The sample, or a report of other claims; ``run`` holds what differs between runs."""
    chosen = CLAIMS if claims is None else claims
    counts = Counter(claim.verdict for claim in chosen)
    wrong = counts[Verdict.CONTRADICTED]
    return Report(
        study="pitvqa",
        title="Fine-tuning Qwen2-VL-2B for surgical question answering (PitVQA)",
        document='Training Clarification: What Does "Retrain" Mean?',
        document_sha256="6dcf0ff3b7f965c5307ab5133d5e72e6e6065983ede40a3d94bb585ac6bcaffb",
        levels={"0": "Pre-training", "1": "Classification fine-tuning", "2": "Spatial fine-tuning"},
        package="0.1.0",
        stages=STAGES,
        claims=chosen,
        summary={verdict.value: counts[verdict] for verdict in Verdict},
        closing=f"{wrong} of {len(chosen)} contradicted; exit 0 means unchanged since review, "
        "not that the paper is right",
        run=run,
    )


ALL = sample_report(finished="2026-11-22T14:00:00+00:00", seconds="41.2", python="3.11.2")
