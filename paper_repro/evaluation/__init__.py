"""What a trained level answers: generation, metrics with intervals, figures, overlays."""
