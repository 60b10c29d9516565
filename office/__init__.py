"""THE MACHINERY, one door for each library."""
