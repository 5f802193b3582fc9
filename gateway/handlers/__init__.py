"""What is done with each type of message."""
