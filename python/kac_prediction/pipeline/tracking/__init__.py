"""What follows a training: files beside its checkpoints, and Weights & Biases."""
