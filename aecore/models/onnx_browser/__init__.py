"""A network from an ONNX file for the browser: its operations as those that `viewer/js/network.js` runs.

What is not known here is refused by its name, so that the server computes such a network; nothing is approximated.
"""

from aecore.models.onnx_browser.translate import translated

__all__ = ["translated"]
