"""The preparation's report: one page for a person, the same facts as JSON for a program."""
