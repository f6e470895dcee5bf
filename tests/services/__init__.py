"""Services with a real database, where no route or command leads to them."""
