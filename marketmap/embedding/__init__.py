"""Positions on a map: assets that move alike lie close to each other."""
