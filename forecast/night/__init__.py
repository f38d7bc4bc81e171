"""Election night: from a partial count to a forecast of the final result."""
