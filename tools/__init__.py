"""What measures and renews the data that is committed; each module is a command."""
