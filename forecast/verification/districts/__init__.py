"""How well the projection to districts does: pairs of elections, its scores on them, and its constants."""
