"""Frameworks of voice agents: each module needs its framework's packages and nothing else imports it."""
