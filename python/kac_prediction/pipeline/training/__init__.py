"""Training: options, batches, the step, the loop around it, and how a run is resumed."""
