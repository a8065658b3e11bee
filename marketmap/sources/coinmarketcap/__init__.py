"""CoinMarketCap: the listing by requests, histories by cryptocmd."""
