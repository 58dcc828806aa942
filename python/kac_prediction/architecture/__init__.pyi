from .crepe import CRePE
from .spectral_cnn import SpectralCNN

__all__ = ["CRePE", "SpectralCNN"]
