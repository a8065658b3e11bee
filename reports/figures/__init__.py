"""The report's figures, each as the plain data that plotly.js draws."""
