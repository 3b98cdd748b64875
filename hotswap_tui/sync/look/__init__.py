"""One look at the pair: what carries writes from one to the other, how far behind it is, and how the contents compare."""
