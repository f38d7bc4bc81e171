"""Where votes are cast: results by district, which list continues which, and how a pattern carries over."""
