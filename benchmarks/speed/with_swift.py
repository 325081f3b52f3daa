"""ms-swift's Seq2SeqTrainer, on ready tensors; it keeps the frozen tower out of the backward pass
and scores no token before the first labelled one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.speed.contenders import Contender, Try
from benchmarks.speed.inputs import Ready
from benchmarks.speed.model import Stack, stacked
from benchmarks.speed.timing import Measured
from benchmarks.speed.trainers import Watch, arguments, run

MODEL = "qwen2_vl"


def load(folder: Path, options: Mapping[str, Any]) -> Stack:
    """The stack in 16 bits over a base that ms-swift's own loader has read; the processor, which no
    ready tensor needs, is the package's: ms-swift's needs torchvision. Code of a model's repository
    is never run."""
    import torch
    from swift.model import get_model_info_meta
    from swift.model.models.qwen import Qwen2VLLoader

    from paper_repro.data.processor import load_processor

    class Loader(Qwen2VLLoader):
        default_trust_remote_code = False

        def get_processor(self, model_dir: str, config: Any) -> Any:
            return load_processor(Path(model_dir))

    on_card = torch.cuda.is_available()
    info, meta = get_model_info_meta(
        str(folder / "base"),
        torch_dtype=torch.bfloat16 if on_card else torch.float32,
        use_hf=True,
        model_type=MODEL,
        download_model=False,
    )
    placed = {"device_map": "cuda:0" if on_card else "cpu"}
    base, processor = Loader(info, meta, load_model=True, model_kwargs=placed).load()
    made = stacked(folder, "bf16", base=base)
    return replace(made, processor=processor)


def measure(stack: Stack, ready: Ready, cut: Try, contender: Contender) -> Measured:
    """Samples are collated by ms-swift's template, which computes rotary positions too."""
    from swift.template import get_template
    from swift.trainers import Seq2SeqTrainer, Seq2SeqTrainingArguments

    template = get_template(stack.processor, template_type=MODEL, remove_unused_columns=False)
    template.set_mode("train")

    def make(out: str, watch: Watch) -> Any:
        given = Seq2SeqTrainingArguments(
            out,
            check_model=False,
            train_dataloader_shuffle=False,
            adam_beta2=0.999,
            dataloader_num_workers=0,
            dataloader_persistent_workers=False,
            **arguments(stack, cut, contender),
        )
        trainer = Seq2SeqTrainer(
            model=stack.model,
            args=given,
            template=template,
            train_dataset=Encoded(ready),
        )
        # what data_collator calls once it has imported ms-swift's data sets and all they require
        trainer.data_collator = template._data_collator
        trainer.add_callback(watch)
        return trainer

    template.model = stack.model
    return run(stack, contender, make)


@dataclass(frozen=True)
class Encoded(Sequence[Any]):
    """Samples as ms-swift's template encodes them, texts as lists and pictures as tensors; anew
    each time, as collating takes things out of them."""

    ready: Ready

    def __len__(self) -> int:
        return len(self.ready.lengths)

    def __getitem__(self, row: Any) -> Any:
        made = self.ready.batch([row])
        texts = ("input_ids", "labels", "mm_token_type_ids")
        pictures = {name: made[name] for name in ("pixel_values", "image_grid_thw")}
        return {name: made[name][0].tolist() for name in texts} | pictures
