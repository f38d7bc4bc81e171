"""How the core is compiled, kept and loaded."""

from forecast.compiling.cache import on_compilation, prepare, processors, say_on_stderr
from forecast.compiling.kernel import Kernel, Step, call, called, element, kernel, stage

__all__ = [
    "Kernel",
    "Step",
    "call",
    "called",
    "element",
    "kernel",
    "on_compilation",
    "prepare",
    "processors",
    "say_on_stderr",
    "stage",
]
