"""Group `extract`: what the clouds and the feeds delivered, as assets `raw/<table>`."""
