"""Words that readers see: numbers as text, headlines, the rule in sentences, the texts of the page."""
