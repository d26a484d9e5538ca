"""What the browser sends, and what is drawn on its canvas."""
