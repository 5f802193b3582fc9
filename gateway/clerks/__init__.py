"""What clerks decide: the work list, two persons side by side, deciding, undoing, and hints."""
