"""The test ground: one folder for each kind of test, `servers` for what they run against."""
