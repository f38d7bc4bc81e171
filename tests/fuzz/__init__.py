"""A fuzzer: inputs that people might have, spoilt by a number; whatever becomes of them is read or answered.

``make fuzz`` runs 100,000 of them; ``python -m tests.fuzz --replay NUMBER`` makes one again and shows what it
does. A mutant depends on its number alone.
"""
