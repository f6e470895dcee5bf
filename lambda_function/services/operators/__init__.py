"""What operators do out of band: no route leads here, and nothing here asks a permission. Each function runs its own
transactions; operators are no users, so the history names nobody for what they do.
"""
