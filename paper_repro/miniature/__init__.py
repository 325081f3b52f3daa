"""The study in small: drawn frames with known coordinates, a tiny Qwen2-VL, its trained levels."""
