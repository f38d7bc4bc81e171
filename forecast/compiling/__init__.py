"""How the core is compiled, kept and loaded."""

from forecast.compiling.kernel import (
    Kernel,
    Step,
    call,
    element,
    kernel,
    on_compilation,
    prepare,
    processors,
    say_on_stderr,
    stage,
)

__all__ = [
    "Kernel",
    "Step",
    "call",
    "element",
    "kernel",
    "on_compilation",
    "prepare",
    "processors",
    "say_on_stderr",
    "stage",
]
