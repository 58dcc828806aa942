"""Published datasets: found, fetched, unpacked, or made here."""
