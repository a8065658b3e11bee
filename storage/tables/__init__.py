"""What flows keep beside runs: prices, answers, listings, quarantine, pairs."""
