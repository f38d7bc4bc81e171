"""The compiled core: arrays in, arrays out; no Python objects, no files, nothing of the rooms above.

A block of ``BLOCK`` draws passes through short stages, each a loop that the compiler turns into vector code:
random words (``random_bits``) -> normals (``normals``) -> votes (``draw``) -> admission (``admit``) ->
seats (``divide_quota``, ``divide_divisor``, ...) -> counts (``count``); ``forecast.simulation.pieces`` puts
them in order.
"""
