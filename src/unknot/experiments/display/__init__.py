"""Shows how far work is: speed, losses, and the time left where that is known."""
