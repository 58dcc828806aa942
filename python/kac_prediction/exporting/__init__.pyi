from .exporter import export_model

__all__ = ["export_model"]
