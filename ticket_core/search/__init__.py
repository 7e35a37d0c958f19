"""How practices are found again: by words, by filters, by what is due, and the ones that may be the same request twice."""
