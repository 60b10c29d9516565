"""THE VERBS a mechanism is written in: each acts once, and only one of them waits."""
