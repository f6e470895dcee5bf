"""The work of operators, out of band: no route leads here, and nothing here checks a permission. Each function runs its
own transactions. Operators are not API users, so the history names nobody for what they do.
"""
