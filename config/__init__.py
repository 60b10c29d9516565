"""THE COUNTY'S OWN FACTS: offices, limits, ladders, calendar; loaded, cross-checked, every fault reported at once."""
