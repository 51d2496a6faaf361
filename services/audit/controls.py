"""The catalogue of controls, for those above."""

from services.projections.checking import Control, find_control, load_controls

__all__ = ["Control", "find_control", "load_controls"]
