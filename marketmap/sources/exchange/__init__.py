"""An exchange's public daily candles through ccxt."""
