"""How good scores are: arrangements of known drums, figures of what was found, a table of them."""
