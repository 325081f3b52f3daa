"""Where the card's time goes: a kernel is in one group, and the page says what the record says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paper_repro.site.inserts.step_profile import REST, grouped, step_profile_part

RECORD = Path(__file__).parents[2] / "benchmarks" / "records" / "step-profile.json"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("_attend_grad", "attention"),
        ("cudnn_generated_fort_native_sdpa_sm90_flash_bprop", "attention"),
        ("triton_poi_fused_cat_mul_silu_split_3", "`silu(gate) · up` and its gradient"),
        ("triton_red_fused__fused_rms_norm_cat_0", "norms"),
        ("nvjet_sm90_tst_192x208_64x4_2x1_v_bz_coopB_TNT", "products"),
        ("triton_poi_fused_index_put_new_zeros_transpose_10", REST),
    ],
)
def test_a_kernel_is_in_the_group_that_its_name_says(name, group):
    found = grouped([{"name": name, "ms": 2.0}, {"name": name, "ms": 0.5}])
    assert found[group] == 2.5 and sum(found.values()) == 2.5


def test_the_page_adds_up_to_what_the_record_holds():
    record, page = json.loads(RECORD.read_text(encoding="utf-8")), step_profile_part(RECORD)
    assert record["where"]["date"] in page and record["where"]["card"] in page
    for one in record["sizes"].values():
        total = sum(kernel["ms"] for kernel in one["kernels"])
        products = grouped(one["kernels"])["products"]
        assert f"{products:.1f} ({products / total:.0%})" in page
        assert f"An update took {1e3 * one['step']:.1f} ms." in page
        assert f"waits for memory, {total - products:.1f} ms" in page
