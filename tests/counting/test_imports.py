"""Counting in closed form stays light: it must work, and start fast, without torch."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "transformers", "peft", "numpy", "scipy", "pydantic", "rich", "huggingface_hub")


def test_closed_forms_import_nothing_heavy() -> None:
    script = (
        "import sys\n"
        f"for name in {HEAVY!r}: sys.modules[name] = None\n"
        "from paper_repro.counting import parse_lora, resolve_base\n"
        "from paper_repro.counting.census import read_census\n"
        "from paper_repro.counting.count import count\n"
        "from paper_repro.counting.explain import explain\n"
        "config = resolve_base('Qwen/Qwen2-VL-2B-Instruct')[1]\n"
        "spec = parse_lora('r=16,targets=q_proj+k_proj+v_proj+o_proj')\n"
        "print(count(config, [spec], 'nf4').trainable)\n"
        "print(explain('18M', '0.9', read_census(config)).matches[0].count)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["4358144", "18464768"], done.stderr
