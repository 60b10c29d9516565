"""WHAT THE DOCUMENT SAYS, pure: no input, no output, no clock."""
