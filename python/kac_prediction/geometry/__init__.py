"""Shapes: what a drum looks like."""

from .ellipse import Circle, Ellipse
from .shape import Shape, ShapeSettings

__all__ = ["Circle", "Ellipse", "Shape", "ShapeSettings"]
