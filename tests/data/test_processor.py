"""The processor is Qwen2-VL's own in all but video: same ids, same pixels, same file layout."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from paper_repro.data.processor import build_processor, load_processor
from paper_repro.data.rows import conversation, read_row
from paper_repro.errors import UserError
from tests.data import paper_rows as paper
from tests.hub_server import HubServer, pointing_at

CONFIG = files("paper_repro") / "study" / "pitvqa" / "configs" / "qwen2-vl-2b-instruct.json"
SPECIAL = ["<|im_start|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% for part in m.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part.text }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tokenizer():
    from transformers import Qwen2Tokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    vocabulary = {letter: i for i, letter in enumerate(bytes_to_unicode().values())}
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary, merges=[], eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": SPECIAL})
    return tokenizer


def make_image_processor():
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil,
    )

    return Qwen2VLImageProcessorPil(size={"shortest_edge": 56 * 56, "longest_edge": 112 * 112})


@pytest.fixture(scope="module")
def processor():
    return build_processor(make_tokenizer(), make_image_processor(), TEMPLATE)


@pytest.fixture
def folder(processor, tmp_path):
    processor.save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


@pytest.fixture
def older(folder):
    """The layout in which the published base has it: a file for each part."""
    saved = json.loads((folder / "processor_config.json").read_text())["image_processor"]
    saved |= {"min_pixels": 56 * 56, "max_pixels": 112 * 112, "processor_class": "Qwen2VLProcessor"}
    del saved["size"]
    (folder / "preprocessor_config.json").write_text(json.dumps(saved))
    (folder / "config.json").write_bytes(CONFIG.read_bytes())
    (folder / "processor_config.json").unlink()
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    return folder


def tensors(processor, row, *, with_answer=True):
    text = processor.apply_chat_template(conversation(row, with_answer), tokenize=False)
    return processor(text=[text], images=list(row.frames), return_tensors="np")


def assert_alike(one, other) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_row_becomes_tensors_with_one_token_for_four_patches(processor) -> None:
    row = read_row(paper.pointing(1, 45.2, 68.3), 0, "train")
    made = tensors(processor, row)
    assert made["image_grid_thw"].tolist() == [[1, 4, 4]]
    assert made["pixel_values"].shape == (16, 1176)
    image = made["input_ids"] == processor.image_token_id
    assert image.sum() == 4 and (made["mm_token_type_ids"] == image).all()
    assert row.answer in processor.decode(made["input_ids"][0])


def test_several_frames_go_in_as_several_pictures(processor) -> None:
    row = read_row(paper.tracking([paper.frame(seed) for seed in (1, 2, 3)]), 0, "train")
    made = tensors(processor, row)
    assert made["image_grid_thw"].tolist() == [[1, 4, 4]] * 3
    assert (made["input_ids"] == processor.image_token_id).sum() == 12


def test_it_saves_and_reloads_identically(processor, folder, tmp_path) -> None:
    loaded = load_processor(folder)
    row = read_row(paper.pointing(1, 45.2, 68.3), 0, "train")
    assert type(loaded) is type(processor)
    assert_alike(tensors(loaded, row), tensors(processor, row))
    loaded.save_pretrained(tmp_path / "again")
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert again == {path.name: path.read_bytes() for path in folder.iterdir()}
    config = json.loads(again["processor_config.json"])
    assert config["processor_class"] == "Qwen2VLProcessor"


def test_the_published_bases_layout_is_read(processor, older) -> None:
    loaded = load_processor(older)
    row = read_row(paper.pointing(1, 45.2, 68.3), 0, "train")
    row.frames[0].thumbnail((40, 30))
    assert_alike(tensors(loaded, row), tensors(processor, row))


def test_the_newer_template_goes_before_the_older(older) -> None:
    (older / "chat_template.jinja").write_text("newer")
    assert load_processor(older).chat_template == "newer"


def test_from_the_hub(processor, older) -> None:
    (older / "model.safetensors").write_bytes(b"weights")
    (older / "code.py").write_text("raise SystemExit")
    with HubServer(models={"org/base": older}) as hub, pointing_at(hub.url):
        loaded = load_processor("org/base", "main")
        with pytest.raises(UserError, match="revision v9"):
            load_processor("org/base", "v9")
        with pytest.raises(UserError, match="org/none"):
            load_processor("org/none")
    assert loaded.chat_template == TEMPLATE
    assert not any(("model.safe" in r.path or "code.py" in r.path) for r in hub.requests)


@pytest.mark.parametrize(
    "file", ["config.json", "preprocessor_config.json", "tokenizer_config.json"]
)
def test_a_processor_that_would_run_code_is_refused(older, file) -> None:
    config = json.loads((older / file).read_text())
    (older / file).write_text(json.dumps(config | {"auto_map": {"AutoProcessor": "code.Mine"}}))
    with pytest.raises(UserError, match="code of its own"):
        load_processor(older)


def test_another_models_processor_is_refused(older) -> None:
    path = older / "preprocessor_config.json"
    config = json.loads(path.read_text()) | {"image_processor_type": "CLIPImageProcessor"}
    path.write_text(json.dumps(config))
    with pytest.raises(UserError, match="no processor of a Qwen2-VL") as caught:
        load_processor(older)
    assert caught.value.got == "CLIPImageProcessor"


@pytest.mark.parametrize(
    "missing", ["preprocessor_config.json", "tokenizer.json", "chat_template.json"]
)
def test_missing_parts_are_named(older, missing) -> None:
    (older / missing).unlink()
    with pytest.raises(UserError, match="no processor of a Qwen2-VL"):
        load_processor(older)


def test_a_tokenizer_that_knows_no_pictures_is_refused(older) -> None:
    for path in (older / "tokenizer.json", older / "tokenizer_config.json"):
        path.write_text(path.read_text().replace("<|image_pad|>", "<|other|>"))
    with pytest.raises(UserError) as caught:
        load_processor(older)
    assert caught.value.got == "a tokenizer that has no <|image_pad|>"


def test_frames_of_the_cards_size_are_64_tokens() -> None:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil,
    )

    size = {"shortest_edge": 56 * 56, "longest_edge": 28 * 28 * 1280}
    wide = build_processor(make_tokenizer(), Qwen2VLImageProcessorPil(size=size), TEMPLATE)
    row = read_row({**paper.pointing(1, 2, 3), "image": Image.new("RGB", (224, 224))}, 0, "train")
    assert (tensors(wide, row)["input_ids"] == wide.image_token_id).sum() == 64
