"""Those who follow a training: files beside its checkpoints, and weights and biases."""
