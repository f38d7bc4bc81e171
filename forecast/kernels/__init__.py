"""The compiled core: arrays in, arrays out; no Python objects, no files, nothing of the rooms above.

A block of ``BLOCK`` draws passes through short stages, each a loop that the compiler turns into vector code:
random bits (``random``, ``sobol``) -> normals (``normals``) -> vote shares (``sampling``) -> admission
(``admission``) -> seats (``allocation``) -> counts (``tally``). ``simulate`` is only their order.
"""
