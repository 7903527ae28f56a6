"""Self-contained HTML pages over what evaluation and explanation wrote."""
