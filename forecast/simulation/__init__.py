"""Estimate x rule -> Forecast: draws, pieces, threads, counts."""
