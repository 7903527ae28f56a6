"""Self-contained HTML pages over what evaluation, explanation and the audit found."""
