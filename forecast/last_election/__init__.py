"""The last election: its results by district, which list continues which, and what each party had."""
