"""How a routine comes by its dataset: loaded, installed from a published archive, or generated."""
