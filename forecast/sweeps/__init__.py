"""How much of the outcome is the rule: many rules on the same draws, or on the same real votes."""
