"""Dense retrievers: a recipe, pinned examples, a loop that can be stopped anywhere, a model and what it is worth."""
