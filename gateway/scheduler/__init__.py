"""What is done without a message that asks for it: the tasks, and who runs them."""
