"""Forecasts that were published: a folder of them over time, what changed and why, and how they came out."""
